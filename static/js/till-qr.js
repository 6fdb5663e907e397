/* Reads QR codes in the camera's picture where the browser itself cannot (Safari, Firefox): QrCodes.detect(view) answers
   as BarcodeDetector does. The three finders first, then the fourth corner by trying, then the squares (till-qr-text.js). */
(() => {
  const WIDEST = 800; // pixels; more show nothing that matters
  const PAPER = 0.85; // darker than so much of its surroundings is dark, however dim the screen
  const FINDER = [1, 1, 3, 1, 1];
  const MOST_FINDERS = 12;
  const MOST_CORNERS = 6;
  const MOST_TRIES = 80;

  /* --- dark and light -------------------------------------------------------------------------------------------------- */

  function grey({ data, width, height }) {
    const found = new Uint8Array(width * height);
    for (let place = 0, from = 0; place < found.length; place++, from += 4) {
      found[place] = (data[from] * 77 + data[from + 1] * 150 + data[from + 2] * 29) >> 8;
    }
    return found;
  }

  /* Every pixel against the mean of a window around it (Bradley and Roth, 2007). */
  function darken(picture) {
    const { width, height } = picture;
    const light = grey(picture);
    const sums = new Uint32Array((width + 1) * (height + 1));
    for (let y = 0; y < height; y++) {
      for (let x = 0, row = 0; x < width; x++) {
        row += light[y * width + x];
        sums[(y + 1) * (width + 1) + x + 1] = sums[y * (width + 1) + x + 1] + row;
      }
    }
    const reach = Math.max(8, Math.max(width, height) >> 3);
    const dark = new Uint8Array(width * height);
    for (let y = 0; y < height; y++) {
      const [top, bottom] = [Math.max(0, y - reach) * (width + 1), Math.min(height, y + reach + 1) * (width + 1)];
      const rows = (bottom - top) / (width + 1);
      for (let x = 0; x < width; x++) {
        const [left, right] = [Math.max(0, x - reach), Math.min(width, x + reach + 1)];
        const sum = sums[bottom + right] - sums[bottom + left] - sums[top + right] + sums[top + left];
        dark[y * width + x] = light[y * width + x] * rows * (right - left) < sum * PAPER ? 1 : 0;
      }
    }
    return { dark, width, height };
  }

  /* --- finders --------------------------------------------------------------------------------------------------------- */

  /* How wide a square is where five runs are as 1:1:3:1:1, else 0. */
  function unitOf(runs) {
    const unit = runs.reduce((sum, run) => sum + run, 0) / 7;
    return unit >= 1 && runs.every((run, place) => Math.abs(run - FINDER[place] * unit) < FINDER[place] * unit * 0.5) ? unit : 0;
  }

  /* The five runs through a point in a direction: their unit, and how far off the middle the point is. */
  function across({ dark, width, height }, x, y, dx, dy) {
    const walk = (sign) => {
      const runs = [];
      let step = sign > 0 ? 0 : 1;
      for (const colour of [1, 0, 1]) {
        const begun = step;
        for (; ; step++) {
          const [column, row] = [x + sign * step * dx, y + sign * step * dy];
          if (column < 0 || row < 0 || column >= width || row >= height || dark[row * width + column] !== colour) break;
        }
        runs.push(step - begun);
      }
      return runs;
    };
    const [after, before] = [walk(1), walk(-1)];
    const unit = unitOf([before[2], before[1], before[0] + after[0], after[1], after[2]]);
    return unit && { unit, off: (after[0] - before[0]) / 2 };
  }

  function centred(image, x, y) {
    const column = Math.round(x);
    const down = across(image, column, y, 0, 1);
    if (!down) return null;
    const row = Math.round(y + down.off - 0.5);
    const right = across(image, column, row, 1, 0);
    if (!right || right.unit > down.unit * 2 || down.unit > right.unit * 2) return null;
    return { x: column + right.off, y: y + down.off, unit: (down.unit + right.unit) / 2, seen: 1 };
  }

  function keep(found, one) {
    const same = found.find((other) => Math.hypot(other.x - one.x, other.y - one.y) < other.unit * 2);
    if (!same) return found.push(one);
    for (const name of ["x", "y", "unit"]) same[name] = (same[name] * same.seen + one[name]) / (same.seen + 1);
    return same.seen++;
  }

  function finders(image) {
    const { dark, width, height } = image;
    const found = [];
    for (let y = 0; y < height; y += 2) {
      let runs = [0, 0, 0, 0, 0];
      for (let x = 0, colour = 0; x <= width; x++) {
        const next = x < width ? dark[y * width + x] : 1 - colour;
        if (next === colour) {
          runs[4]++;
          continue;
        }
        if (colour && unitOf(runs)) {
          const one = centred(image, x - runs[4] - runs[3] - runs[2] / 2 - 0.5, y);
          if (one) keep(found, one);
        }
        runs = [...runs.slice(1), 1];
        colour = next;
      }
    }
    return found.sort((one, other) => other.seen - one.seen).slice(0, MOST_FINDERS);
  }

  /* --- corners --------------------------------------------------------------------------------------------------------- */

  const between = (one, other) => Math.hypot(one.x - other.x, one.y - other.y);

  /* Three finders as corners of a square, upper left first; how far they are from it. */
  function corners(three) {
    const units = three.map((one) => one.unit);
    if (Math.max(...units) > Math.min(...units) * 2) return null;
    const sides = three.map((one, place) => ({ one, far: between(three[(place + 1) % 3], three[(place + 2) % 3]) }));
    const [long, ...legs] = sides.sort((one, other) => other.far - one.far);
    const off =
      Math.abs(legs[0].far - legs[1].far) / legs[0].far +
      Math.abs(long.far ** 2 - legs[0].far ** 2 - legs[1].far ** 2) / long.far ** 2;
    if (off > 0.8) return null;
    const first = long.one;
    const [p, q] = legs.map((leg) => leg.one);
    const turns = (p.x - first.x) * (q.y - first.y) - (p.y - first.y) * (q.x - first.x);
    return { off, first, right: turns > 0 ? p : q, below: turns > 0 ? q : p };
  }

  function triples(found) {
    const all = [];
    found.forEach((a, i) =>
      found.slice(i + 1).forEach((b, j) =>
        found.slice(i + j + 2).forEach((c) => all.push(corners([a, b, c]))),
      ),
    );
    return all.filter(Boolean).sort((one, other) => one.off - other.off).slice(0, MOST_CORNERS);
  }

  /* From squares to pixels: the finders' middles are the unit square's corners (0,0), (1,0) and (0,1), `last` is (1,1). */
  function laid({ dark, width, height }, { first, right, below }, last, size) {
    const [x3, y3] = [first.x - right.x + last.x - below.x, first.y - right.y + last.y - below.y];
    const [x1, y1, x2, y2] = [right.x - last.x, right.y - last.y, below.x - last.x, below.y - last.y];
    const whole = x1 * y2 - x2 * y1;
    const [g, h] = [(x3 * y2 - x2 * y3) / whole, (x1 * y3 - x3 * y1) / whole];
    const [ax, ay] = [right.x - first.x + g * right.x, right.y - first.y + g * right.y];
    const [bx, by] = [below.x - first.x + h * below.x, below.y - first.y + h * below.y];
    return (column, row) => {
      const [u, v] = [(column - 3) / (size - 7), (row - 3) / (size - 7)];
      const depth = g * u + h * v + 1;
      const x = Math.round((ax * u + bx * v + first.x) / depth - 0.5);
      const y = Math.round((ay * u + by * v + first.y) / depth - 0.5);
      return x >= 0 && y >= 0 && x < width && y < height ? dark[y * width + x] : 0;
    };
  }

  /* How many squares of the small mark near the last corner are as they must be; codes of version 1 have none. */
  function marked(at, size) {
    if (size === 21) return 0;
    let fitting = 0;
    for (let y = -2; y <= 2; y++) {
      for (let x = -2; x <= 2; x++) {
        const ring = Math.max(Math.abs(x), Math.abs(y));
        if (at(size - 7 + x, size - 7 + y) === (ring === 1 ? 0 : 1)) fitting++;
      }
    }
    return fitting;
  }

  function isTimed(at, size) {
    let fitting = 0;
    for (let place = 8; place < size - 8; place++) {
      if (at(place, 6) === 1 - (place % 2)) fitting++;
      if (at(6, place) === 1 - (place % 2)) fitting++;
    }
    return fitting >= (size - 16) * 2 * 0.8;
  }

  /* Where the last corner may be: a tilted code is no parallelogram. What fits best comes first, then what is nearest. */
  function places(image, three, size) {
    const { first, right, below } = three;
    const reach = size === 21 ? 2 : 4;
    const found = [];
    for (let across = -reach; across <= reach; across += 0.5) {
      for (let down = -reach; down <= reach; down += 0.5) {
        const [u, v] = [1 + across / (size - 7), 1 + down / (size - 7)];
        const last = {
          x: first.x + (right.x - first.x) * u + (below.x - first.x) * v,
          y: first.y + (right.y - first.y) * u + (below.y - first.y) * v,
        };
        const at = laid(image, three, last, size);
        found.push({ at, fitting: marked(at, size), far: Math.hypot(across, down) });
      }
    }
    return found.sort((one, other) => other.fitting - one.fitting || one.far - other.far).slice(0, MOST_TRIES);
  }

  function sizes({ first, right, below }) {
    const seen = (between(first, right) + between(first, below)) / (2 * ((first.unit + right.unit + below.unit) / 3)) + 7;
    const all = Array.from({ length: QrText.most }, (_, place) => place * 4 + 21);
    const off = (size) => Math.abs(size - seen);
    return all.filter((size) => size > seen * 0.7 && size < seen * 1.7).sort((one, other) => off(one) - off(other));
  }

  function readAt(image, three) {
    for (const size of sizes(three)) {
      const { first, right, below } = three;
      const flat = laid(image, three, { x: right.x + below.x - first.x, y: right.y + below.y - first.y }, size);
      if (!isTimed(flat, size)) continue;
      for (const { at } of places(image, three, size)) {
        const text = QrText.read({ at, size });
        if (text) return text;
      }
    }
    return "";
  }

  /* The text of the first code in a picture (ImageData), or "". */
  function read(picture) {
    const image = darken(picture);
    for (const three of triples(finders(image))) {
      const text = readAt(image, three);
      if (text) return text;
    }
    return "";
  }

  const canvas = document.createElement("canvas");
  const brush = canvas.getContext("2d", { willReadFrequently: true });

  async function detect(view) {
    const scale = Math.min(1, WIDEST / Math.max(view.videoWidth, view.videoHeight));
    canvas.width = Math.round(view.videoWidth * scale);
    canvas.height = Math.round(view.videoHeight * scale);
    if (!canvas.width || !canvas.height) return [];
    brush.drawImage(view, 0, 0, canvas.width, canvas.height);
    const text = read(brush.getImageData(0, 0, canvas.width, canvas.height));
    return text ? [{ rawValue: text }] : [];
  }

  globalThis.QrCodes = { detect, read };
})();

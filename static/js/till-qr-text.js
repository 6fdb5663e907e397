/* From the squares of a QR code (ISO/IEC 18004, versions 1 to 10) to its text: format, mask, blocks, mending, segments. */
(() => {
  // By version, for the levels L, M, Q and H: code words that mend a block, and blocks.
  const MENDING = [
    [7, 10, 15, 20, 26, 18, 20, 24, 30, 18],
    [10, 16, 26, 18, 24, 16, 18, 22, 22, 26],
    [13, 22, 18, 26, 18, 24, 18, 22, 20, 24],
    [17, 28, 22, 16, 22, 28, 26, 26, 24, 28],
  ];
  const BLOCKS = [
    [1, 1, 1, 1, 1, 2, 2, 2, 2, 4],
    [1, 1, 1, 2, 2, 4, 4, 4, 5, 5],
    [1, 1, 2, 2, 4, 4, 6, 6, 8, 8],
    [1, 1, 2, 4, 4, 4, 5, 6, 8, 8],
  ];
  const LEVEL = [1, 0, 3, 2]; // the level that two bits of the format name
  const MASKS = [
    (x, y) => (x + y) % 2,
    (_x, y) => y % 2,
    (x) => x % 3,
    (x, y) => (x + y) % 3,
    (x, y) => ((x / 3 | 0) + (y / 2 | 0)) % 2,
    (x, y) => ((x * y) % 2) + ((x * y) % 3),
    (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2,
    (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2,
  ];
  const SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

  /* --- the format: level and mask, of which three bits may be wrong -------------------------------------------------- */

  const FORMATS = Array.from({ length: 32 }, (_, told) => {
    let rest = told << 10;
    for (let bit = 14; bit >= 10; bit--) if ((rest >> bit) & 1) rest ^= 0x537 << (bit - 10);
    return ((told << 10) | rest) ^ 0x5412;
  });

  function ones(number) {
    let count = 0;
    for (let rest = number; rest; rest &= rest - 1) count++;
    return count;
  }

  function format({ at, size }) {
    let [first, second] = [0, 0];
    for (let bit = 0; bit < 15; bit++) {
      // Beside the upper left finder, and once more below it and right of it.
      const [x, y] = bit < 6 ? [8, bit] : bit < 8 ? [8, bit + 1] : bit < 9 ? [7, 8] : [14 - bit, 8];
      first |= at(x, y) << bit;
      second |= (bit < 8 ? at(size - 1 - bit, 8) : at(8, size - 15 + bit)) << bit;
    }
    let best = { wrong: 4 };
    FORMATS.forEach((known, told) => {
      const wrong = Math.min(ones(known ^ first), ones(known ^ second));
      if (wrong < best.wrong) best = { wrong, level: LEVEL[told >> 3], mask: MASKS[told & 7] };
    });
    return best.mask ? best : null;
  }

  /* --- the code words -------------------------------------------------------------------------------------------------- */

  function alignments(version) {
    if (version < 2) return [];
    const count = Math.floor(version / 7) + 2;
    const step = Math.ceil((version * 4 + 4) / (count * 2 - 2)) * 2;
    return [6, ...Array.from({ length: count - 1 }, (_, place) => version * 4 + 10 - step * (count - 2 - place))];
  }

  /* Whether a square belongs to the drawing and not to the data. */
  function drawn(version, size) {
    const places = alignments(version);
    const last = places.at(-1);
    const isFinder = (x, y) => (x === 6 && (y === 6 || y === last)) || (y === 6 && x === last);
    return (x, y) => {
      if (x === 6 || y === 6) return true;
      if ((x < 9 && (y < 9 || y >= size - 8)) || (y < 9 && x >= size - 8)) return true;
      if (version >= 7 && ((x < 6 && y >= size - 11) || (y < 6 && x >= size - 11))) return true;
      const near = (at) => places.find((place) => Math.abs(place - at) <= 2);
      const [column, row] = [near(x), near(y)];
      return column !== undefined && row !== undefined && !isFinder(column, row);
    };
  }

  function words({ at, size }, version, mask) {
    const isDrawn = drawn(version, size);
    const found = [];
    let [word, bits] = [0, 0];
    for (let right = size - 1; right >= 1; right -= 2) {
      if (right === 6) right = 5;
      const isUp = ((right + 1) & 2) === 0;
      for (let step = 0; step < size; step++) {
        const y = isUp ? size - 1 - step : step;
        for (const x of [right, right - 1]) {
          if (isDrawn(x, y)) continue;
          word = (word << 1) | (at(x, y) ^ (mask(x, y) === 0 ? 1 : 0));
          if (++bits === 8) {
            found.push(word);
            [word, bits] = [0, 0];
          }
        }
      }
    }
    return found;
  }

  /* The data of all blocks, mended; null where too much is wrong. */
  function data(all, version, level) {
    const mending = MENDING[level][version - 1];
    const count = BLOCKS[level][version - 1];
    const least = Math.floor(all.length / count) - mending;
    const longer = all.length % count; // so many blocks, the last ones, have a word more
    const blocks = Array.from({ length: count }, () => []);
    let place = 0;
    for (let row = 0; row <= least; row++) {
      for (let one = row < least ? 0 : count - longer; one < count; one++) blocks[one].push(all[place++]);
    }
    for (let row = 0; row < mending; row++) for (const block of blocks) block.push(all[place++]);
    return blocks.every((block) => mend(block, mending)) ? blocks.flatMap((block) => block.slice(0, -mending)) : null;
  }

  /* --- Reed and Solomon ------------------------------------------------------------------------------------------------ */

  const POWER = new Uint8Array(510);
  const LOG = new Uint8Array(256);
  for (let place = 0, value = 1; place < 255; place++) {
    POWER[place] = POWER[place + 255] = value;
    LOG[value] = place;
    value = (value << 1) ^ (value & 128 ? 0x11d : 0);
  }
  const times = (one, other) => (one && other ? POWER[LOG[one] + LOG[other]] : 0);
  const over = (one, other) => (one ? POWER[LOG[one] + 255 - LOG[other]] : 0);
  // A polynomial, its constant first, at a point.
  const value = (terms, point) => terms.reduceRight((sum, term) => times(sum, point) ^ term, 0);

  function syndromes(block, count) {
    const turned = block.toReversed?.() ?? [...block].reverse();
    return Array.from({ length: count }, (_, place) => value(turned, POWER[place]));
  }

  /* Berlekamp and Massey: the polynomial whose roots are where the errors are. */
  function locator(found) {
    let [now, before, errors, gap, last] = [[1], [1], 0, 1, 1];
    found.forEach((syndrome, place) => {
      let wrong = syndrome;
      for (let one = 1; one <= errors; one++) wrong ^= times(now[one] ?? 0, found[place - one]);
      const kept = now;
      if (wrong) {
        const moved = [...new Array(gap).fill(0), ...before.map((term) => times(term, over(wrong, last)))];
        now = Array.from({ length: Math.max(now.length, moved.length) }, (_, at) => (now[at] ?? 0) ^ (moved[at] ?? 0));
      }
      if (wrong && 2 * errors <= place) [errors, before, last, gap] = [place + 1 - errors, kept, wrong, 1];
      else gap++;
    });
    return { errors, terms: now };
  }

  /* Mend a block where it lies; whether it is right now. */
  function mend(block, mending) {
    const found = syndromes(block, mending);
    if (found.every((one) => one === 0)) return true;
    const { errors, terms } = locator(found);
    if (errors > mending / 2) return false;
    const product = found.map((_, place) =>
      terms.slice(0, place + 1).reduce((sum, term, at) => sum ^ times(term, found[place - at]), 0),
    );
    const slope = terms.slice(1).map((term, place) => (place % 2 ? 0 : term));
    let mended = 0;
    for (let power = 0; power < block.length; power++) {
      const point = POWER[(255 - power) % 255];
      if (value(terms, point) !== 0) continue;
      const steep = value(slope, point);
      if (!steep) return false;
      block[block.length - 1 - power] ^= times(POWER[power], over(value(product, point), steep));
      mended++;
    }
    return mended === errors && syndromes(block, mending).every((one) => one === 0);
  }

  /* --- the text -------------------------------------------------------------------------------------------------------- */

  /* Most writers say UTF-8, some ISO 8859-1, and none of them says which. */
  function letters(bytes) {
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
      return new TextDecoder("windows-1252").decode(bytes);
    }
  }

  function text(bytes, version) {
    let place = 0;
    const left = () => bytes.length * 8 - place;
    const take = (count) => {
      let found = 0;
      for (let bit = 0; bit < count; bit++, place++) found = (found << 1) | ((bytes[place >> 3] >> (7 - (place & 7))) & 1);
      return found;
    };
    const figures = (count) => take([0, 4, 7, 10][count]).toString().padStart(count, "0");
    const isLong = version > 9;
    const readers = {
      1: (count) =>
        Array.from({ length: Math.ceil(count / 3) }, (_, at) => figures(Math.min(3, count - at * 3))).join(""),
      2: (count) => {
        let found = "";
        for (; count > 1; count -= 2) {
          const pair = take(11);
          found += SIGNS[Math.floor(pair / 45)] + SIGNS[pair % 45];
        }
        return count ? found + SIGNS[take(6)] : found;
      },
      4: (count) => letters(Uint8Array.from({ length: count }, () => take(8))),
    };
    const lengths = { 1: isLong ? 12 : 10, 2: isLong ? 11 : 9, 4: isLong ? 16 : 8 };
    let found = "";
    while (left() >= 4) {
      const kind = take(4);
      if (kind === 0) break;
      if (kind === 7) take(8);
      else if (readers[kind]) found += readers[kind](take(lengths[kind]));
      else return null;
    }
    return left() < 0 ? null : found;
  }

  /* What a code says: `at` tells 1 for a dark square of a code that is `size` squares wide. null where it says nothing. */
  function read(code) {
    const version = (code.size - 17) / 4;
    const told = format(code);
    if (!told) return null;
    const bytes = data(words(code, version, told.mask), version, told.level);
    return bytes && text(bytes, version);
  }

  globalThis.QrText = { read, most: MENDING[0].length };
})();

/* Scanners. One on a cable or by radio types a code and Enter, faster than fingers, wherever the cursor is;
   the camera's picture is read by the browser where it can, else by till-qr.js. Both end in the event "scanned". */
(() => {
  const GAP = 50; // milliseconds between two keys of a scanner, at most
  const LEAST = 8; // letters and figures: member numbers, gift cards, rewards, most coupons
  const LOOK = 150; // milliseconds between two looks of the camera
  const isCode = (text) => text.replace(/[^\p{L}\p{Nd}]/gu, "").length >= LEAST;

  function found(text) {
    Till.events.dispatchEvent(new CustomEvent("scanned", { detail: text }));
  }

  /* --- typed -------------------------------------------------------------------------------------------------- */

  let burst = "";
  let last = -Infinity;
  let before = null;

  function remember(target) {
    const field = target.matches?.("input") ? target : null;
    return { field, value: field?.value, amount: Till.amount?.() };
  }

  addEventListener(
    "keydown",
    (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.key === "Shift") return;
      if (event.timeStamp - last > GAP) {
        burst = "";
        before = remember(event.target);
      }
      last = event.timeStamp;
      if (event.key.length === 1) {
        burst += event.key;
        return;
      }
      if (event.key === "Enter" && isCode(burst)) {
        event.preventDefault();
        event.stopImmediatePropagation();
        if (before.field) before.field.value = before.value;
        Till.setAmount?.(before.amount);
        found(burst);
      }
      burst = "";
    },
    true,
  );

  /* --- seen --------------------------------------------------------------------------------------------------- */

  const dialog = document.getElementById("camera");
  const view = document.getElementById("camera-view");
  const note = document.getElementById("camera-note");
  const button = document.getElementById("scan");
  let stream = null;

  async function reader() {
    const formats = await globalThis.BarcodeDetector?.getSupportedFormats().catch(() => []);
    return formats?.includes("qr_code")
      ? new BarcodeDetector({ formats: ["qr_code", "code_128", "ean_13"].filter((one) => formats.includes(one)) })
      : QrCodes;
  }

  function stop() {
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = null;
    view.srcObject = null;
  }

  async function look(detector) {
    if (!stream) return;
    const codes = view.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA ? await detector.detect(view).catch(() => []) : [];
    const text = codes.map((code) => code.rawValue).find(isCode);
    if (text && stream) {
      dialog.close();
      found(text);
    } else {
      setTimeout(look, LOOK, detector);
    }
  }

  async function open() {
    note.hidden = true;
    dialog.showModal();
    try {
      const opened = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      if (!dialog.open) return opened.getTracks().forEach((track) => track.stop());
      stream = opened;
      view.srcObject = stream;
      await view.play();
      look(await reader());
    } catch {
      note.hidden = false;
      note.querySelector("span").textContent = Till.words.camera;
    }
  }

  button?.addEventListener("click", open);
  dialog.addEventListener("close", stop);
  document.getElementById("camera-close").addEventListener("click", () => dialog.close());
  addEventListener("DOMContentLoaded", () => {
    if (!button || navigator.mediaDevices?.getUserMedia) return;
    button.hidden = true;
    document.getElementById("scan-note").textContent = Till.words.no_camera;
  });
})();

/* What a till keeps on the device: actions until they are answered, and which numbers were looked up this day.

   Till.config     what the page was made with
   Till.words      every sentence the script may need
   Till.store      the two tables; nothing that was typed or looked up outlives a day                          */
globalThis.Till = (() => {
  const root = document.getElementById("till");
  const config = JSON.parse(root.dataset.config);
  const LIFE = config.life * 1000;
  const REPORTED = 7 * LIFE; // what was never sent is told to its cashier for so long

  const opened = new Promise((resolve, reject) => {
    const request = indexedDB.open("wafa-till", 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("queue", { keyPath: "key" });
      request.result.createObjectStore("seen", { keyPath: "id" });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

  /* One transaction; resolves with the request's result once everything is safely written. */
  async function within(table, mode, work) {
    const database = await opened;
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(table, mode, { durability: "strict" });
      const request = work(transaction.objectStore(table));
      transaction.oncomplete = () => resolve(request?.result);
      transaction.onerror = () => reject(transaction.error);
      transaction.onabort = () => reject(transaction.error);
    });
  }

  const isOld = (moment, life = LIFE) => Date.now() - Date.parse(moment) > life;
  const reportOf = ({ key, slug, cashier, kind, at, order, label }) => {
    return { key, slug, cashier, kind, at, order, label, of: "", state: "expired", message: "", until: "" };
  };
  const seenId = (number) => `${config.slug} ${number}`;

  const store = {
    isOld,

    put: (entry) => within("queue", "readwrite", (table) => table.put(entry)),
    get: (key) => within("queue", "readonly", (table) => table.get(key)),
    remove: (key) => within("queue", "readwrite", (table) => table.delete(key)),

    /* Change an action as it is now, in one transaction: `work` gives the new one, or nothing. What it was before. */
    change: (key, work) =>
      within("queue", "readwrite", (table) => {
        const request = table.get(key);
        request.onsuccess = () => {
          const next = request.result && work(request.result);
          if (next) table.put(next);
        };
        return request;
      }),

    /* All actions of this program, in the order of their taps. */
    async all() {
      const found = await within("queue", "readonly", (table) => table.getAll());
      return found.filter((entry) => entry.slug === config.slug).sort((one, other) => one.order - other.order);
    },

    see: (number) => within("seen", "readwrite", (table) => table.put({ id: seenId(number), at: new Date().toISOString() })),

    async hasSeen(number) {
      const row = await within("seen", "readonly", (table) => table.get(seenId(number)));
      return Boolean(row) && !isOld(row.at);
    },

    /* What is answered goes after a day. What still waits then can be sent no more, whosever it is: all that was
       typed goes, and key, amount and masked contact stay for its cashier to learn of it. */
    async tidy({ everything = false } = {}) {
      for (const entry of await within("queue", "readonly", (table) => table.getAll())) {
        const isReport = entry.state === "expired";
        const isToldNow = everything && (!isReport || entry.cashier === config.cashier);
        if (entry.state === "waiting") {
          if (isOld(entry.at)) await this.change(entry.key, (one) => one.state === "waiting" && reportOf(one));
        } else if (isToldNow || isOld(entry.at, isReport ? REPORTED : LIFE)) await this.remove(entry.key);
      }
      const rows = await within("seen", "readonly", (table) => table.getAll());
      for (const row of rows) {
        if (everything || isOld(row.at)) await within("seen", "readwrite", (table) => table.delete(row.id));
      }
    },
  };

  return { root, config, words: config.words, store, events: new EventTarget() };
})();

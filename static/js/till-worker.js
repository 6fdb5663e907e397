/* The till's service worker: the page opens without network, as it was last loaded by whoever is signed in.

   self.TILL (home, version, assets) stands above, written by the server. Actions are not its business: the page
   itself keeps and sends them (till-queue.js).                                                                 */
const { home, version, assets } = self.TILL;
const ASSETS = `till-assets ${home} ${version}`;
const SHELL = `till-shell ${home}`;
const PATIENCE = 6000; // milliseconds; a bad network may be worse than none

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(ASSETS).then((cache) => cache.addAll(assets)));
  self.skipWaiting();
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) {
        if (name.startsWith(`till-assets ${home} `) && name !== ASSETS) await caches.delete(name);
      }
      await self.clients.claim();
    })(),
  );
});

async function fresh(request) {
  const response = await fetch(request);
  if (response.status >= 500) throw new Error("the server is not well");
  const shell = await caches.open(SHELL);
  if (response.ok && !response.redirected) await shell.put(home, response.clone());
  // Led to sign in, or nothing to be seen here any more: nobody gets to see the page of who was there before.
  else await shell.delete(home, { ignoreVary: true });
  return response;
}

async function page(request) {
  const network = fresh(request);
  const late = new Promise((_resolve, reject) => setTimeout(reject, PATIENCE));
  try {
    return await Promise.race([network, late]);
  } catch {
    const kept = await (await caches.open(SHELL)).match(home, { ignoreVary: true });
    return kept ?? network;
  }
}

async function asset(request) {
  const kept = await (await caches.open(ASSETS)).match(request, { ignoreVary: true });
  return kept ?? fetch(request);
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate" && url.pathname === home && !url.search) event.respondWith(page(request));
  else if (assets.includes(url.pathname + url.search)) event.respondWith(asset(request));
});

// Shows what is sent to this browser and opens where it leads: our own pages, or an address with https.
self.addEventListener("push", (event) => {
  const told = event.data ? event.data.json() : {};
  const shown = self.registration.showNotification(told.title || "{{ program.name|escapejs }}", {
    body: told.text || "",
    tag: `wafa-${told.id}`,
    data: { link: told.link || "./" },
  });
  event.waitUntil(shown);
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const link = new URL(event.notification.data.link, self.registration.scope);
  if (link.origin === self.location.origin || link.protocol === "https:") {
    event.waitUntil(self.clients.openWindow(link));
  }
});

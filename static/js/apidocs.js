// Shows the OpenAPI document; "Try it out" sends real requests with the key that was entered.
const place = document.getElementById("docs");

window.ui = SwaggerUIBundle({
  url: place.dataset.schema,
  domNode: place,
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  // The key stays in this page and is gone with it.
  persistAuthorization: false,
  requestInterceptor: (request) => {
    if (!request.loadSpec && request.method !== "GET" && !request.headers["Idempotency-Key"]) {
      request.headers["Idempotency-Key"] = crypto.randomUUID();
    }
    return request;
  },
});

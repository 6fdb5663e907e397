// Asks this browser where it is when the button is tapped, and only then; without support the form stays hidden.
const form = document.querySelector("form[data-place]");
const trouble = form?.querySelector("[data-trouble]");

function tell({ coords }) {
  form.elements.latitude.value = coords.latitude;
  form.elements.longitude.value = coords.longitude;
  form.elements.off_m.value = Math.ceil(coords.accuracy);
  form.submit();
}

if (form && "geolocation" in navigator) {
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    trouble.hidden = true;
    navigator.geolocation.getCurrentPosition(tell, () => (trouble.hidden = false), { timeout: 20000, maximumAge: 60000 });
  });
}

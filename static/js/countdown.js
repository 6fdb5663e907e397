/* Countdown: the time that is left to show a code, and the page anew once it was used.

   data-seconds   on <time>: how many seconds are left; at zero the page is asked for again
   data-state     on any element: the page is asked for again when the server says another one
   data-poll      on the same: how often it is asked, in seconds                                            */
(() => {
  const clock = document.querySelector("time[data-seconds]");
  const state = document.querySelector("[data-state][data-poll]");

  if (clock) {
    const end = Date.now() + Number(clock.dataset.seconds) * 1000;
    const figures = new Intl.NumberFormat(document.documentElement.lang, { minimumIntegerDigits: 2, useGrouping: false });
    const tick = () => {
      const left = Math.max(0, Math.round((end - Date.now()) / 1000));
      clock.textContent = `${figures.format(Math.floor(left / 60))}:${figures.format(left % 60)}`;
      if (!left) location.reload();
      else setTimeout(tick, 1000);
    };
    tick();
  }

  if (state) {
    const ask = async () => {
      if (!document.hidden) {
        const answer = await fetch(location.href, { headers: { accept: "text/html" } }).catch(() => null);
        const page = answer?.ok && new DOMParser().parseFromString(await answer.text(), "text/html");
        const now = page && page.querySelector("[data-state]")?.dataset.state;
        if (page && now !== state.dataset.state) return location.reload();
      }
      setTimeout(ask, Number(state.dataset.poll) * 1000);
    };
    setTimeout(ask, Number(state.dataset.poll) * 1000);
  }
})();

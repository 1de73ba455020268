// Shows how far a job has come as it comes; when it has ended, the page is opened anew and shows what came of it.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const place = document.querySelector("[data-job]");
  if (!place || !window.EventSource) return;
  const anewMilliseconds = 5000;
  const bar = place.querySelector("progress");
  const state = place.querySelector("[data-state]");
  const stage = place.querySelector("[data-stage]");
  const counted = place.querySelector("[data-counted]");
  const pace = place.querySelector("[data-pace]");
  const stopping = place.querySelector("[data-stopping]");
  const stop = place.querySelector("[data-stop]");
  const names = {};
  for (const one of place.querySelectorAll("[data-name]")) names[one.dataset.name] = one.textContent;
  const number = new Intl.NumberFormat("en");
  const fewASecond = 10;
  const longSeconds = 90;
  // How fast it goes and how long it will still take, as the server says it (desks/roster/errands.py).
  const paceOf = (job) => {
    if (job.rate === null || job.seconds_left === null) return "";
    const rate = job.rate >= fewASecond ? number.format(Math.round(job.rate)) : job.rate.toFixed(1);
    const [said, length] = job.seconds_left < longSeconds ? [pace.dataset.seconds, 1] : [pace.dataset.minutes, 60];
    const left = Math.ceil(job.seconds_left / length);
    const goes = pace.dataset.rate.replace("{0}", rate);
    return left ? goes + pace.dataset.between + said.replace("{0}", left) : goes;
  };
  const source = new EventSource(`/api/v1/jobs/${place.dataset.job}/events`);
  const show = (event) => {
    const job = JSON.parse(event.data);
    if (names[job.state]) state.textContent = names[job.state];
    if (job.stage && names[job.stage]) stage.textContent = names[job.stage];
    pace.textContent = paceOf(job);
    stopping.hidden = !job.is_cancelling;
    stop.hidden = job.is_cancelling;
    // A bar that stands at nothing looks stuck: until something is done it shows that the work goes on.
    if (job.total && job.done) {
      bar.max = job.total;
      bar.value = job.done;
    } else {
      bar.removeAttribute("value");
    }
    counted.textContent = job.total ? `${number.format(job.done)} / ${number.format(job.total)}` : "";
  };
  source.addEventListener("progress", show);
  source.addEventListener("end", (event) => {
    show(event);
    source.close();
    window.location.reload();
  });
  // The browser connects anew by itself, unless it was refused: then the page says why, or asks to sign in.
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) setTimeout(() => window.location.reload(), anewMilliseconds);
  });
});

// The login form: its texts, and why the last attempt failed.
import { chooseLanguage, text } from "./page.js";

const why = new URLSearchParams(location.search).get("login");
const fault = document.getElementById("fault");
function draw() {
  if (!["wrong", "throttled", "unavailable", "expired"].includes(why)) return;
  fault.textContent = text(`login-${why}`);
  fault.hidden = false;
}
await chooseLanguage(document.getElementById("language"), draw);
draw();

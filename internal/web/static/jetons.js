// A token for two cases: six words drawn on this device, to be read out on the phone.
import { ask } from "./coffre.js";

for (const button of document.querySelectorAll("[data-token]")) {
  button.addEventListener("click", async () => {
    document.getElementById(button.dataset.token).textContent = (await ask("token.draw")).text;
  });
}

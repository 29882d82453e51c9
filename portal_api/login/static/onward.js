// Goes on as the button of the page would; without scripts the person presses it.
"use strict";
const onward = document.getElementById("onward");
if (onward instanceof HTMLFormElement) {
  onward.requestSubmit();
} else if (onward instanceof HTMLAnchorElement) {
  window.location.replace(onward.href);
}

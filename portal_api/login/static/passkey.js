// Asks the browser for a passkey and sends its answer with the form. Browsers have no form field for this.
"use strict";
const form = document.getElementById("passkey-form");
const button = document.getElementById("passkey-button");
const failed = document.getElementById("passkey-failed");

function bytes(text) {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

function text(buffer) {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function opened(options) {
  const read = { ...options, challenge: bytes(options.challenge) };
  if (options.user) {
    read.user = { ...options.user, id: bytes(options.user.id) };
  }
  for (const list of ["allowCredentials", "excludeCredentials"]) {
    if (options[list]) {
      read[list] = options[list].map((one) => ({ ...one, id: bytes(one.id) }));
    }
  }
  return read;
}

function written(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) {
      response[name] = text(credential.response[name]);
    }
  }
  return JSON.stringify({
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    response,
    clientExtensionResults: {},
  });
}

async function ask() {
  failed.hidden = true;
  const publicKey = opened(JSON.parse(form.dataset.options));
  try {
    const credential = publicKey.user
      ? await navigator.credentials.create({ publicKey })
      : await navigator.credentials.get({ publicKey });
    form.elements.credential.value = written(credential);
    form.submit();
  } catch {
    failed.hidden = false;
    failed.focus();
  }
}

if (form && window.PublicKeyCredential) {
  button.hidden = false;
  document.getElementById("passkey-without").hidden = true;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask();
  });
}

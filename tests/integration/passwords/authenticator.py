"""An authenticator in software: what a passkey answers (WebAuthn level 3, §6 and §7), right or wrong as asked."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import Any

from cbor2 import dumps
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import bytes_to_base64url

USER_PRESENT, USER_VERIFIED, WITH_KEY = 0x01, 0x04, 0x40


@dataclass
class Authenticator:
    """One ES256 credential."""

    origin: str = "http://localhost:8000"
    verifies_user: bool = True
    counts: bool = True
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    credential_id: bytes = field(default_factory=lambda: os.urandom(32))
    count: int = 0

    def create(self, options: str, **changes: Any) -> str:
        """Answers `navigator.credentials.create`; `changes`: origin, challenge, rp_id, type."""
        asked = json.loads(options)
        numbers = self.key.public_key().public_numbers()
        cose = dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)})
        held = bytes(16) + len(self.credential_id).to_bytes(2) + self.credential_id + cose
        data = self._data(changes.get("rp_id", asked["rp"]["id"]), WITH_KEY) + held
        attestation = dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", asked["challenge"], changes)
        return self._answer({"clientDataJSON": client, "attestationObject": attestation})

    def get(self, options: str, **changes: Any) -> str:
        """Answers `navigator.credentials.get`; `changes` as for `create`, and `signature`."""
        asked = json.loads(options)
        data = self._data(changes.get("rp_id", asked["rpId"]), 0)
        client = self._client("webauthn.get", asked["challenge"], changes)
        signed = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        signature = changes.get("signature", signed)
        return self._answer({"clientDataJSON": client, "authenticatorData": data, "signature": signature})

    def _data(self, rp_id: str, flags: int) -> bytes:
        self.count += self.counts
        flags |= USER_PRESENT | (USER_VERIFIED if self.verifies_user else 0)
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + self.count.to_bytes(4)

    def _client(self, kind: str, challenge: str, changes: dict[str, Any]) -> bytes:
        client = {
            "type": changes.get("type", kind),
            "challenge": changes.get("challenge", challenge),
            "origin": changes.get("origin", self.origin),
            "crossOrigin": False,
        }
        return json.dumps(client).encode()

    def _answer(self, response: dict[str, bytes]) -> str:
        return json.dumps(
            {
                "id": bytes_to_base64url(self.credential_id),
                "rawId": bytes_to_base64url(self.credential_id),
                "type": "public-key",
                "response": {name: bytes_to_base64url(value) for name, value in response.items()},
                "clientExtensionResults": {},
            }
        )

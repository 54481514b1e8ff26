"""The key that a machine signs its assertions with, and the id by which Keycloak knows it."""

import hashlib
import os
from base64 import urlsafe_b64encode

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key


def read_signing_key():
    """Reads the file again each time: after a rotation it holds another key, which has another id."""
    passphrase = os.environ.get("KEY_PASSPHRASE")
    with open(os.environ["KEY_FILE"], "rb") as file:
        key = load_pem_private_key(file.read(), passphrase.encode() if passphrase else None)
    # Not the thumbprint of RFC 7638: Keycloak takes the SHA-256 of the public key (SubjectPublicKeyInfo).
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    kid = urlsafe_b64encode(hashlib.sha256(spki).digest()).rstrip(b"=").decode()
    return key, kid

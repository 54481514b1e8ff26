"""A service that calls machine-b and protects an API of its own, by Authlib and joserfc.

eval "$(m2m env --client ID)"; API=http://localhost:3000/api/protected PORT=8000 python authlib_service.py
"""

import os
import secrets
import threading
import time

import requests
from authlib.integrations.flask_oauth2 import ResourceProtector, current_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc6750 import BearerTokenValidator, InvalidTokenError
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from flask import Flask, jsonify
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, import_key
from waitress import serve

from signing_key import read_signing_key

ISSUER = os.environ["ISSUER"]
CLIENT_ID = os.environ["CLIENT_ID"]


# <assertion>
class FileKeyJWT(PrivateKeyJWT):
    """Authlib's own takes one key for good, the token endpoint for `aud`, an hour of life and no kid."""

    def sign(self, auth, token_endpoint):
        key, kid = read_signing_key()
        algorithm = os.environ["ALGORITHM"]
        now = int(time.time())
        claims = {
            "iss": auth.client_id,
            "sub": auth.client_id,
            "aud": ISSUER,  # whatever address it is posted to
            "iat": now,
            "exp": now + 60,
            "jti": f"{kid[:8]}.{secrets.token_urlsafe(16)}",  # accepted once
        }
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        jwk = import_key(pem, "OKP" if algorithm == "EdDSA" else "EC" if algorithm.startswith("ES") else "RSA")
        return jwt.encode({"alg": algorithm, "kid": kid, "typ": "JWT"}, claims, jwk, algorithms=[algorithm])


# </assertion>

machine = OAuth2Session(
    CLIENT_ID,
    token_endpoint=os.environ["TOKEN_ENDPOINT"],
    token_endpoint_auth_method=FileKeyJWT(),
    grant_type="client_credentials",
    leeway=30,  # a new token so many seconds before the old one ends
)

fetching = threading.Lock()


def call_machine_b() -> dict:
    with fetching:
        if not machine.token or machine.token.is_expired(leeway=machine.leeway):
            machine.fetch_token(timeout=5)
    response = machine.get(os.environ["API"], timeout=5)
    response.raise_for_status()
    return response.json()


class IssuerKeys:
    """The issuer's public keys, fetched again for a kid that they do not have, once in ten seconds at most."""

    def __init__(self):
        self.lock, self.keys, self.fetched_at = threading.Lock(), KeySet([]), float("-inf")

    def __call__(self, token) -> KeySet:
        with self.lock:
            known = {key.kid for key in self.keys.keys}
            if token.headers().get("kid") not in known and time.monotonic() > self.fetched_at + 10:
                response = requests.get(os.environ["JWKS_URI"], timeout=5)
                response.raise_for_status()
                self.keys, self.fetched_at = KeySet.import_key_set(response.json()), time.monotonic()
            return self.keys


# <verifying>
class Verifier(BearerTokenValidator):
    keys = IssuerKeys()
    claims = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": ISSUER},
        aud={"essential": True, "value": CLIENT_ID},  # only who is granted a call has it
        exp={"essential": True},
        azp={"essential": True},
        typ={"essential": True, "value": "Bearer"},  # an access token, and no ID token
    )

    def authenticate_token(self, token_string):
        try:
            # What the realm signs with; never what the token says.
            token = jwt.decode(token_string, self.keys, algorithms=["RS256"])
            self.claims.validate(token.claims)
            return token.claims
        except (JoseError, ValueError):
            return None

    # </verifying>

    def validate_token(self, token, scopes, request):
        if token is None:
            raise InvalidTokenError()


require_token = ResourceProtector()
require_token.register_token_validator(Verifier())

app = Flask(__name__)


@app.errorhandler(requests.RequestException)
def unavailable(_error):
    return {"error": "temporarily_unavailable"}, 503


@app.get("/")
@require_token()
def orders():
    return jsonify(caller=current_token["azp"], answer=call_machine_b())


if __name__ == "__main__":
    serve(app, listen=f"127.0.0.1:{os.environ.get('PORT', '8000')}")

"""A service that calls machine-b and protects an API of its own, by PyJWT and requests.

eval "$(m2m env --client ID)"; API=http://localhost:3000/api/protected PORT=8000 python pyjwt_service.py
"""

import os
import secrets
import threading
import time

import jwt
import requests
from flask import Flask, jsonify, request
from waitress import serve

from signing_key import read_signing_key

ISSUER = os.environ["ISSUER"]
CLIENT_ID = os.environ["CLIENT_ID"]

http = requests.Session()


# <assertion>
def assertion() -> str:
    key, kid = read_signing_key()
    now = int(time.time())
    claims = {
        "iss": CLIENT_ID,
        "sub": CLIENT_ID,
        "aud": ISSUER,  # whatever address it is posted to
        "iat": now,
        "exp": now + 60,
        "jti": f"{kid[:8]}.{secrets.token_urlsafe(16)}",  # accepted once
    }
    return jwt.encode(claims, key, os.environ["ALGORITHM"], headers={"kid": kid, "typ": "JWT"})


# </assertion>


def request_token() -> dict:
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion(),
    }
    response = http.post(os.environ["TOKEN_ENDPOINT"], data=form, timeout=5)
    response.raise_for_status()
    return response.json()


class Token(requests.auth.AuthBase):
    """An access token in each request, renewed 30 s before it ends."""

    def __init__(self):
        self.lock, self.value, self.renew_at = threading.Lock(), "", 0.0

    def __call__(self, prepared):
        with self.lock:
            if time.monotonic() >= self.renew_at:
                token = request_token()
                self.value, self.renew_at = token["access_token"], time.monotonic() + token["expires_in"] - 30
            prepared.headers["Authorization"] = f"Bearer {self.value}"
        return prepared


machine = Token()


def call_machine_b() -> dict:
    response = http.get(os.environ["API"], auth=machine, timeout=5)
    response.raise_for_status()
    return response.json()


# <verifying>
jwks = jwt.PyJWKClient(os.environ["JWKS_URI"], timeout=5)  # fetched again for a kid that it does not know


def verify(token: str) -> dict:
    claims = jwt.decode(
        token,
        jwks.get_signing_key_from_jwt(token),
        algorithms=["RS256"],  # what the realm signs with; never what the token says
        issuer=ISSUER,
        audience=CLIENT_ID,  # only who is granted a call has it
        options={"require": ["exp", "iat", "iss", "aud", "sub", "azp"]},
    )
    if claims.get("typ") != "Bearer":
        raise jwt.InvalidTokenError("not an access token")
    return claims


# </verifying>

app = Flask(__name__)


@app.errorhandler(requests.RequestException)
def unavailable(_error):
    return {"error": "temporarily_unavailable"}, 503


@app.get("/")
def orders():
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        return {"error": "unauthorized"}, 401, {"WWW-Authenticate": "Bearer"}
    try:
        caller = verify(token)["azp"]
    except jwt.PyJWKClientConnectionError:
        return unavailable(None)
    except jwt.PyJWTError:
        return {"error": "invalid_token"}, 401, {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    return jsonify(caller=caller, answer=call_machine_b())


if __name__ == "__main__":
    serve(app, listen=f"127.0.0.1:{os.environ.get('PORT', '8000')}")

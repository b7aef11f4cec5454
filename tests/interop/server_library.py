"""Authlib: a confidential service in Python with private_key_jwt, PKCE and a checked ID Token.

python server_library.py ISSUER CLIENT_ID KEY.json REDIRECT_URI
Prints the address to open, reads the address that the browser was sent back to, prints what it was told, or the error, as JSON.
"""

import json
import secrets
import sys
from pathlib import Path

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

SCOPE = "openid https://id.oidc.se/scope/naturalPersonOrgId"


def main(issuer: str, client_id: str, key_file: str, redirect_uri: str) -> None:
    provider = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=5).json()
    key = ECKey.import_key(json.loads(Path(key_file).read_text()))
    session = OAuth2Session(
        client_id, key, token_endpoint_auth_method=PrivateKeyJWT(provider["token_endpoint"], alg="ES256", headers={"kid": key.kid}),
        scope=SCOPE, redirect_uri=redirect_uri, code_challenge_method="S256",
    )
    verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
    address, state = session.create_authorization_url(provider["authorization_endpoint"], code_verifier=verifier, nonce=nonce)
    print(address, flush=True)
    back = sys.stdin.readline().strip()
    try:
        token = session.fetch_token(provider["token_endpoint"], authorization_response=back, state=state, code_verifier=verifier)
    except OAuthError as refused:
        print(json.dumps({"error": refused.error}), flush=True)
        return
    keys = KeySet.import_key_set(requests.get(provider["jwks_uri"], timeout=5).json())
    claims = jwt.decode(token["id_token"], keys, algorithms=["ES256"]).claims
    checks = jwt.JWTClaimsRegistry(iss={"essential": True, "value": issuer}, aud={"essential": True, "value": client_id}, nonce={"essential": True, "value": nonce})
    checks.validate(claims)
    answer = session.get(provider["userinfo_endpoint"], timeout=5)
    told = jwt.decode(answer.text, keys, algorithms=["ES256"]).claims
    print(json.dumps({"id_token": claims, "userinfo": told}), flush=True)


main(*sys.argv[1:])

"""Drives a served reference with boto3 and pycognito; PyJWT verifies the tokens.

Usage: journey.py URL
"""

import json
import os
import sys
import time
import urllib.parse
import urllib.request
import uuid

import boto3
import jwt
import pyotp
from botocore.exceptions import ClientError

URL = sys.argv[1].rstrip("/")
OPTIONS = dict(
    endpoint_url=URL,
    region_name="us-east-1",
    aws_access_key_id="test",
    aws_secret_access_key="test",
)
PASSWORD, NEW_PASSWORD = "Journey-Passw0rd!", "Journey-Passw0rd-2!"
idp = boto3.client("cognito-idp", **OPTIONS)


def step(text):
    print(f"  {text}", flush=True)


def refused(code, call, **arguments):
    """Asserts that a call is refused with this error code."""
    try:
        call(**arguments)
    except ClientError as error:
        found = error.response["Error"]["Code"]
        assert found == code, f"{found} instead of {code}"
        return
    raise AssertionError(f"{code} expected, the call succeeded")


def code_of(pool, username):
    """Returns the newest code sent to a user."""
    query = urllib.parse.urlencode({"UserPoolId": pool, "Username": username})
    with urllib.request.urlopen(f"{URL}/_reference/outbox?{query}") as response:
        return json.load(response)[-1]["Code"]


def verified(pool, client, token, use):
    """Verifies a token against the pool's key set and returns its claims."""
    keys = jwt.PyJWKClient(f"{URL}/{pool}/.well-known/jwks.json")
    key = keys.get_signing_key_from_jwt(token).key
    claims = jwt.decode(
        token,
        key,
        algorithms=["RS256"],
        audience=client if use == "id" else None,
        issuer=f"https://cognito-idp.us-east-1.amazonaws.com/{pool}",
        options={"require": ["exp", "iat", "iss", "sub", "origin_jti"], "verify_aud": use == "id"},
    )
    assert claims["token_use"] == use, claims
    return claims


def new_pool(**more):
    made = idp.create_user_pool(PoolName="journey", AutoVerifiedAttributes=["email"], **more)
    pool = made["UserPool"]["Id"]
    flows = ["ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    client = idp.create_user_pool_client(
        UserPoolId=pool, ClientName="journey", ExplicitAuthFlows=flows
    )["UserPoolClient"]["ClientId"]
    return pool, client


def boto3_journey():
    print("boto3", boto3.__version__)
    pool, client = new_pool()
    name, email = f"ann-{uuid.uuid4().hex[:8]}", "ann@example.com"
    attributes = [{"Name": "email", "Value": email}]
    signed_up = idp.sign_up(
        ClientId=client, Username=name, Password=PASSWORD, UserAttributes=attributes
    )
    assert not signed_up["UserConfirmed"]
    flow = dict(ClientId=client, AuthFlow="USER_PASSWORD_AUTH")
    credentials = {"USERNAME": name, "PASSWORD": PASSWORD}
    refused("UserNotConfirmedException", idp.initiate_auth, AuthParameters=credentials, **flow)
    confirm = dict(ClientId=client, Username=name)
    refused(
        "CodeMismatchException",
        idp.confirm_sign_up,
        ConfirmationCode="000000" if code_of(pool, name) != "000000" else "000001",
        **confirm,
    )
    idp.confirm_sign_up(ConfirmationCode=code_of(pool, name), **confirm)
    step("signed up and confirmed")

    result = idp.initiate_auth(AuthParameters=credentials, **flow)["AuthenticationResult"]
    access, refresh = result["AccessToken"], result["RefreshToken"]
    claims = verified(pool, client, access, "access")
    assert claims["username"] == name and claims["client_id"] == client
    assert verified(pool, client, result["IdToken"], "id")["email"] == email
    step("signed in, tokens verified by PyJWT")

    idp.set_user_pool_mfa_config(
        UserPoolId=pool,
        SoftwareTokenMfaConfiguration={"Enabled": True},
        MfaConfiguration="OPTIONAL",
    )
    secret = idp.associate_software_token(AccessToken=access)["SecretCode"]
    totp = pyotp.TOTP(secret)
    verified_token = idp.verify_software_token(AccessToken=access, UserCode=totp.now())
    assert verified_token["Status"] == "SUCCESS"
    idp.set_user_mfa_preference(
        AccessToken=access, SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True}
    )
    posed = idp.initiate_auth(AuthParameters=credentials, **flow)
    assert posed["ChallengeName"] == "SOFTWARE_TOKEN_MFA", posed
    # The code of now may have been used to set the token up; the next one is as good.
    fresh = totp.at(int(time.time()) + 30)
    result = idp.respond_to_auth_challenge(
        ClientId=client,
        ChallengeName="SOFTWARE_TOKEN_MFA",
        Session=posed["Session"],
        ChallengeResponses={"USERNAME": name, "SOFTWARE_TOKEN_MFA_CODE": fresh},
    )["AuthenticationResult"]
    access, refresh = result["AccessToken"], result["RefreshToken"]
    idp.set_user_mfa_preference(
        AccessToken=access, SoftwareTokenMfaSettings={"Enabled": False, "PreferredMfa": False}
    )
    step("software token set up and asked for")

    renewed = idp.initiate_auth(
        ClientId=client,
        AuthFlow="REFRESH_TOKEN_AUTH",
        AuthParameters={"REFRESH_TOKEN": refresh},
    )["AuthenticationResult"]
    assert verified(pool, client, renewed["AccessToken"], "access")["sub"] == claims["sub"]
    step("refreshed")

    idp.update_user_attributes(
        AccessToken=access, UserAttributes=[{"Name": "given_name", "Value": "Ann"}]
    )
    user = idp.get_user(AccessToken=access)
    assert {"Name": "given_name", "Value": "Ann"} in user["UserAttributes"]
    idp.change_password(
        AccessToken=access, PreviousPassword=PASSWORD, ProposedPassword=NEW_PASSWORD
    )
    refused("NotAuthorizedException", idp.initiate_auth, AuthParameters=credentials, **flow)
    credentials["PASSWORD"] = NEW_PASSWORD
    step("attribute and password changed")

    idp.create_group(UserPoolId=pool, GroupName="editors")
    idp.admin_add_user_to_group(UserPoolId=pool, Username=name, GroupName="editors")
    listed = idp.list_users_in_group(UserPoolId=pool, GroupName="editors")["Users"]
    assert [member["Username"] for member in listed] == [name]
    result = idp.initiate_auth(AuthParameters=credentials, **flow)["AuthenticationResult"]
    assert verified(pool, client, result["IdToken"], "id")["cognito:groups"] == ["editors"]
    step("group joined, in the token")

    idp.global_sign_out(AccessToken=result["AccessToken"])
    refused("NotAuthorizedException", idp.get_user, AccessToken=result["AccessToken"])
    result = idp.initiate_auth(AuthParameters=credentials, **flow)["AuthenticationResult"]
    idp.delete_user(AccessToken=result["AccessToken"])
    refused("UserNotFoundException", idp.admin_get_user, UserPoolId=pool, Username=name)
    idp.delete_user_pool(UserPoolId=pool)
    refused("ResourceNotFoundException", idp.describe_user_pool, UserPoolId=pool)
    step("signed out, deleted")


def pycognito_journey():
    from importlib.metadata import version

    print("pycognito", version("pycognito"))
    pool, client = new_pool()
    with urllib.request.urlopen(f"{URL}/{pool}/.well-known/jwks.json") as response:
        # Where pycognito takes the key set from, besides the service's own address.
        os.environ["COGNITO_JWKS"] = response.read().decode()
    from pycognito import Cognito

    name = f"bob-{uuid.uuid4().hex[:8]}"

    def app():
        made = Cognito(
            pool, client, username=name, boto3_client_kwargs=OPTIONS, user_pool_region="us-east-1"
        )
        # The issuer is the service's own address, whatever endpoint answers.
        made.pool_domain_url = None
        return made

    user = app()
    user.set_base_attributes(email="bob@example.com")
    user.register(name, PASSWORD)
    user.confirm_sign_up(code_of(pool, name), username=name)
    user = app()
    user.authenticate(password=PASSWORD)
    assert user.access_claims["username"] == name
    step("signed in with SRP, tokens verified by pycognito")
    wrong = app()
    try:
        wrong.authenticate(password="Wrong-Passw0rd!")
        raise AssertionError("a wrong password signs in")
    except ClientError as error:
        assert error.response["Error"]["Code"] == "NotAuthorizedException"
    user.renew_access_token()
    user.update_profile({"given_name": "Bob"})
    assert user.get_user().given_name == "Bob"
    user.change_password(PASSWORD, NEW_PASSWORD)
    user = app()
    user.authenticate(password=NEW_PASSWORD)
    step("refreshed, profile and password changed")
    user.initiate_forgot_password()
    user.confirm_forgot_password(code_of(pool, name), PASSWORD)
    user = app()
    user.authenticate(password=PASSWORD)
    user.logout()
    user = app()
    user.authenticate(password=PASSWORD)
    user.delete_user()
    idp.delete_user_pool(UserPoolId=pool)
    step("password reset, signed out, deleted")


boto3_journey()
pycognito_journey()

#!/usr/bin/env bash
# Drives a served reference with the AWS CLI. Usage: journey.sh URL (with `aws` on the PATH).
#
# Leaves a pool that remembers devices and offers TOTP for journey.mjs; prints its ids as JSON in
# the last line.
set -euo pipefail
url=$1
export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1 AWS_PAGER=
cognito() { aws --endpoint-url "$url" --output text cognito-idp "$@"; }
step() { printf '  %s\n' "$*" >&2; }
refused() { # refused CODE ARGUMENT ...
  local code=$1 output
  shift
  if output=$(cognito "$@" 2>&1); then
    printf '%s expected, the call succeeded\n' "$code" >&2
    exit 1
  fi
  [[ $output == *"($code)"* ]] || { printf '%s expected: %s\n' "$code" "$output" >&2; exit 1; }
}
code() { # code POOL USERNAME
  curl -sS "$url/_reference/outbox?UserPoolId=$1&Username=$2" | sed 's/.*"Code":"\([^"]*\)".*/\1/'
}

aws --version >&2
pool=$(cognito create-user-pool --pool-name journey --auto-verified-attributes email \
  --device-configuration ChallengeRequiredOnNewDevice=true,DeviceOnlyRememberedOnUserPrompt=true \
  --query UserPool.Id)
cognito set-user-pool-mfa-config --user-pool-id "$pool" --mfa-configuration OPTIONAL \
  --software-token-mfa-configuration Enabled=true > /dev/null
client=$(cognito create-user-pool-client --user-pool-id "$pool" --client-name journey \
  --explicit-auth-flows ALLOW_USER_SRP_AUTH ALLOW_USER_PASSWORD_AUTH ALLOW_REFRESH_TOKEN_AUTH \
  --query UserPoolClient.ClientId)
user=dan-$RANDOM$RANDOM
password='Journey-Passw0rd!'
cognito sign-up --client-id "$client" --username "$user" --password "$password" \
  --user-attributes Name=email,Value=dan@example.com > /dev/null
cognito confirm-sign-up --client-id "$client" --username "$user" \
  --confirmation-code "$(code "$pool" "$user")" > /dev/null
refused NotAuthorizedException confirm-sign-up --client-id "$client" --username "$user" \
  --confirmation-code 000000
step 'signed up and confirmed'

sign_in() {
  cognito initiate-auth --client-id "$client" --auth-flow USER_PASSWORD_AUTH \
    --auth-parameters "USERNAME=$user,PASSWORD=$1" --query "AuthenticationResult.$2"
}
access=$(sign_in "$password" AccessToken)
cognito update-user-attributes --access-token "$access" \
  --user-attributes Name=given_name,Value=Dan > /dev/null
name=$(cognito get-user --access-token "$access" \
  --query "UserAttributes[?Name=='given_name'].Value")
[[ $name == Dan ]]
cognito change-password --access-token "$access" --previous-password "$password" \
  --proposed-password "$password-2" > /dev/null
refused NotAuthorizedException initiate-auth --client-id "$client" \
  --auth-flow USER_PASSWORD_AUTH --auth-parameters "USERNAME=$user,PASSWORD=$password"
step 'signed in, attribute and password changed'

read -r refresh device < <(sign_in "$password-2" '[RefreshToken,NewDeviceMetadata.DeviceKey]')
cognito initiate-auth --client-id "$client" --auth-flow REFRESH_TOKEN_AUTH \
  --auth-parameters "REFRESH_TOKEN=$refresh,DEVICE_KEY=$device" > /dev/null
cognito create-group --user-pool-id "$pool" --group-name editors > /dev/null
cognito admin-add-user-to-group --user-pool-id "$pool" --username "$user" --group-name editors
[[ $(cognito list-users-in-group --user-pool-id "$pool" --group-name editors \
  --query 'Users[].Username') == "$user" ]]
step 'refreshed, group joined'

cognito global-sign-out --access-token "$access" > /dev/null
refused NotAuthorizedException get-user --access-token "$access"
cognito delete-user --access-token "$(sign_in "$password-2" AccessToken)"
refused UserNotFoundException admin-get-user --user-pool-id "$pool" --username "$user"
step 'signed out, deleted'
printf '{"pool": "%s", "client": "%s"}\n' "$pool" "$client"

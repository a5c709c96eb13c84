//! Which method of the official clients calls which operation. One line per operation.
//!
//! Operations of the catalogue that the SDK crates do not have yet are missing here; a test lists
//! them, so that a dependency update which brings them is seen.

use super::Boxed;
use super::sdk::{Swap, conclude};
use crate::transcript::SdkVerdict;

/// Calls one operation with an empty input and the [`Swap`] in place.
pub(crate) type Play<Client> = fn(&Client, Swap) -> Boxed<'static, Option<SdkVerdict>>;

macro_rules! operations {
    ($(#[$doc:meta])* $table:ident of $client:ty { $($name:literal => $method:ident,)* }) => {
        $(#[$doc])*
        pub(crate) static $table: &[(&str, Play<$client>)] = &[$((
            $name,
            |client: &$client, swap: Swap| {
                let call = client.$method().customize().interceptor(swap);
                Box::pin(async move { conclude(call.send().await) })
            },
        )),*];
    };
}

/// Returns the entry called `operation`; the tables are sorted by name.
pub(crate) fn find<Client>(
    table: &[(&'static str, Play<Client>)],
    operation: &str,
) -> Option<Play<Client>> {
    let at = table.binary_search_by(|(name, _)| (*name).cmp(operation)).ok()?;
    Some(table[at].1)
}

operations! {
    /// User pools.
    COGNITO_IDP of aws_sdk_cognitoidentityprovider::Client {
        "AddCustomAttributes" => add_custom_attributes,
        "AddUserPoolClientSecret" => add_user_pool_client_secret,
        "AdminAddUserToGroup" => admin_add_user_to_group,
        "AdminConfirmSignUp" => admin_confirm_sign_up,
        "AdminCreateUser" => admin_create_user,
        "AdminDeleteSoftwareToken" => admin_delete_software_token,
        "AdminDeleteUser" => admin_delete_user,
        "AdminDeleteUserAttributes" => admin_delete_user_attributes,
        "AdminDisableProviderForUser" => admin_disable_provider_for_user,
        "AdminDisableUser" => admin_disable_user,
        "AdminEnableUser" => admin_enable_user,
        "AdminForgetDevice" => admin_forget_device,
        "AdminGetDevice" => admin_get_device,
        "AdminGetUser" => admin_get_user,
        "AdminGetUserAuthFactors" => admin_get_user_auth_factors,
        "AdminInitiateAuth" => admin_initiate_auth,
        "AdminLinkProviderForUser" => admin_link_provider_for_user,
        "AdminListDevices" => admin_list_devices,
        "AdminListGroupsForUser" => admin_list_groups_for_user,
        "AdminListUserAuthEvents" => admin_list_user_auth_events,
        "AdminRemoveUserFromGroup" => admin_remove_user_from_group,
        "AdminResetUserPassword" => admin_reset_user_password,
        "AdminRespondToAuthChallenge" => admin_respond_to_auth_challenge,
        "AdminSetUserMFAPreference" => admin_set_user_mfa_preference,
        "AdminSetUserPassword" => admin_set_user_password,
        "AdminSetUserSettings" => admin_set_user_settings,
        "AdminUpdateAuthEventFeedback" => admin_update_auth_event_feedback,
        "AdminUpdateDeviceStatus" => admin_update_device_status,
        "AdminUpdateUserAttributes" => admin_update_user_attributes,
        "AdminUserGlobalSignOut" => admin_user_global_sign_out,
        "AssociateSoftwareToken" => associate_software_token,
        "ChangePassword" => change_password,
        "CompleteWebAuthnRegistration" => complete_web_authn_registration,
        "ConfirmDevice" => confirm_device,
        "ConfirmForgotPassword" => confirm_forgot_password,
        "ConfirmSignUp" => confirm_sign_up,
        "CreateGroup" => create_group,
        "CreateIdentityProvider" => create_identity_provider,
        "CreateManagedLoginBranding" => create_managed_login_branding,
        "CreateResourceServer" => create_resource_server,
        "CreateTerms" => create_terms,
        "CreateUserImportJob" => create_user_import_job,
        "CreateUserPool" => create_user_pool,
        "CreateUserPoolClient" => create_user_pool_client,
        "CreateUserPoolDomain" => create_user_pool_domain,
        "CreateUserPoolReplica" => create_user_pool_replica,
        "DeleteGroup" => delete_group,
        "DeleteIdentityProvider" => delete_identity_provider,
        "DeleteManagedLoginBranding" => delete_managed_login_branding,
        "DeleteResourceServer" => delete_resource_server,
        "DeleteTerms" => delete_terms,
        "DeleteUser" => delete_user,
        "DeleteUserAttributes" => delete_user_attributes,
        "DeleteUserPool" => delete_user_pool,
        "DeleteUserPoolClient" => delete_user_pool_client,
        "DeleteUserPoolClientSecret" => delete_user_pool_client_secret,
        "DeleteUserPoolDomain" => delete_user_pool_domain,
        "DeleteUserPoolReplica" => delete_user_pool_replica,
        "DeleteWebAuthnCredential" => delete_web_authn_credential,
        "DescribeIdentityProvider" => describe_identity_provider,
        "DescribeManagedLoginBranding" => describe_managed_login_branding,
        "DescribeManagedLoginBrandingByClient" => describe_managed_login_branding_by_client,
        "DescribeResourceServer" => describe_resource_server,
        "DescribeRiskConfiguration" => describe_risk_configuration,
        "DescribeTerms" => describe_terms,
        "DescribeTermsByClient" => describe_terms_by_client,
        "DescribeUserImportJob" => describe_user_import_job,
        "DescribeUserPool" => describe_user_pool,
        "DescribeUserPoolClient" => describe_user_pool_client,
        "DescribeUserPoolDomain" => describe_user_pool_domain,
        "ForgetDevice" => forget_device,
        "ForgotPassword" => forgot_password,
        "GetCSVHeader" => get_csv_header,
        "GetClientToken" => get_client_token,
        "GetDevice" => get_device,
        "GetGroup" => get_group,
        "GetIdentityProviderByIdentifier" => get_identity_provider_by_identifier,
        "GetLogDeliveryConfiguration" => get_log_delivery_configuration,
        "GetProvisionedLimit" => get_provisioned_limit,
        "GetSigningCertificate" => get_signing_certificate,
        "GetTokensFromRefreshToken" => get_tokens_from_refresh_token,
        "GetUICustomization" => get_ui_customization,
        "GetUser" => get_user,
        "GetUserAttributeVerificationCode" => get_user_attribute_verification_code,
        "GetUserAuthFactors" => get_user_auth_factors,
        "GetUserPoolMfaConfig" => get_user_pool_mfa_config,
        "GlobalSignOut" => global_sign_out,
        "InitiateAuth" => initiate_auth,
        "ListDevices" => list_devices,
        "ListGroups" => list_groups,
        "ListIdentityProviders" => list_identity_providers,
        "ListResourceServers" => list_resource_servers,
        "ListTagsForResource" => list_tags_for_resource,
        "ListTerms" => list_terms,
        "ListUserImportJobs" => list_user_import_jobs,
        "ListUserPoolClientSecrets" => list_user_pool_client_secrets,
        "ListUserPoolClients" => list_user_pool_clients,
        "ListUserPoolReplicas" => list_user_pool_replicas,
        "ListUserPools" => list_user_pools,
        "ListUsers" => list_users,
        "ListUsersInGroup" => list_users_in_group,
        "ListWebAuthnCredentials" => list_web_authn_credentials,
        "ResendConfirmationCode" => resend_confirmation_code,
        "RespondToAuthChallenge" => respond_to_auth_challenge,
        "RevokeToken" => revoke_token,
        "SetLogDeliveryConfiguration" => set_log_delivery_configuration,
        "SetRiskConfiguration" => set_risk_configuration,
        "SetUICustomization" => set_ui_customization,
        "SetUserMFAPreference" => set_user_mfa_preference,
        "SetUserPoolMfaConfig" => set_user_pool_mfa_config,
        "SetUserSettings" => set_user_settings,
        "SignUp" => sign_up,
        "StartUserImportJob" => start_user_import_job,
        "StartWebAuthnRegistration" => start_web_authn_registration,
        "StopUserImportJob" => stop_user_import_job,
        "TagResource" => tag_resource,
        "UntagResource" => untag_resource,
        "UpdateAuthEventFeedback" => update_auth_event_feedback,
        "UpdateDeviceStatus" => update_device_status,
        "UpdateGroup" => update_group,
        "UpdateIdentityProvider" => update_identity_provider,
        "UpdateManagedLoginBranding" => update_managed_login_branding,
        "UpdateProvisionedLimit" => update_provisioned_limit,
        "UpdateResourceServer" => update_resource_server,
        "UpdateTerms" => update_terms,
        "UpdateUserAttributes" => update_user_attributes,
        "UpdateUserPool" => update_user_pool,
        "UpdateUserPoolClient" => update_user_pool_client,
        "UpdateUserPoolDomain" => update_user_pool_domain,
        "UpdateUserPoolReplica" => update_user_pool_replica,
        "VerifySoftwareToken" => verify_software_token,
        "VerifyUserAttribute" => verify_user_attribute,
    }
}

operations! {
    /// Identity pools.
    COGNITO_IDENTITY of aws_sdk_cognitoidentity::Client {
        "CreateIdentityPool" => create_identity_pool,
        "DeleteIdentities" => delete_identities,
        "DeleteIdentityPool" => delete_identity_pool,
        "DescribeIdentity" => describe_identity,
        "DescribeIdentityPool" => describe_identity_pool,
        "GetCredentialsForIdentity" => get_credentials_for_identity,
        "GetId" => get_id,
        "GetIdentityPoolRoles" => get_identity_pool_roles,
        "GetOpenIdToken" => get_open_id_token,
        "GetOpenIdTokenForDeveloperIdentity" => get_open_id_token_for_developer_identity,
        "GetPrincipalTagAttributeMap" => get_principal_tag_attribute_map,
        "ListIdentities" => list_identities,
        "ListIdentityPools" => list_identity_pools,
        "ListTagsForResource" => list_tags_for_resource,
        "LookupDeveloperIdentity" => lookup_developer_identity,
        "MergeDeveloperIdentities" => merge_developer_identities,
        "SetIdentityPoolRoles" => set_identity_pool_roles,
        "SetPrincipalTagAttributeMap" => set_principal_tag_attribute_map,
        "TagResource" => tag_resource,
        "UnlinkDeveloperIdentity" => unlink_developer_identity,
        "UnlinkIdentity" => unlink_identity,
        "UntagResource" => untag_resource,
        "UpdateIdentityPool" => update_identity_pool,
    }
}

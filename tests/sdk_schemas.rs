//! The official SDK crates know the shapes of the API too: held against the catalogue, so that a
//! dependency update that changes the API is seen, and so is a catalogue that fell behind.
#![cfg(feature = "aws")]

use std::collections::{BTreeMap, BTreeSet};

use aws_smithy_schema::{Schema as SdkSchema, ShapeType};
use cognito_conformance::catalogue::{Catalogue, Kind, Schema, Service, Source};

type Shape = &'static SdkSchema<'static>;

/// The catalogue's model (botocore 1.44.5) is some weeks ahead of the SDK crate (1.144.0).
const NEWER: &str = "in a newer model than the SDK crate was generated from";

/// Differences that are known and why they are right. One that is no longer found fails the test.
const ACCEPTED: &[(&str, &str)] = &[
    ("cognito-idp/AdminListUserSessions", NEWER),
    ("cognito-idp/AdminRevokeUserSession", NEWER),
    ("cognito-idp/ClientSSOSessionConfigType", NEWER),
    ("cognito-idp/CreateUserPool/input/DcrConfiguration", NEWER),
    ("cognito-idp/DcrConfigurationType", NEWER),
    ("cognito-idp/GetDerivedToken", NEWER),
    ("cognito-idp/GetUserPoolClientSessionConfiguration", NEWER),
    ("cognito-idp/GetUserPoolSessionConfiguration", NEWER),
    ("cognito-idp/ListUserPoolClients/input/ClientType", NEWER),
    ("cognito-idp/ListUserSessions", NEWER),
    ("cognito-idp/ResourceServerType/ManagedBy", NEWER),
    ("cognito-idp/RevokeToken/input/RevokeAssociatedSessions", NEWER),
    ("cognito-idp/RevokeUserSession", NEWER),
    ("cognito-idp/SessionDescriptionType", NEWER),
    ("cognito-idp/SessionLocationType", NEWER),
    ("cognito-idp/SetUserPoolClientSessionConfiguration", NEWER),
    ("cognito-idp/SetUserPoolSessionConfiguration", NEWER),
    ("cognito-idp/UpdateUserPool/input/DcrConfiguration", NEWER),
    ("cognito-idp/UserPoolClientType/ClientType", NEWER),
    ("cognito-idp/UserPoolTokenSessionConfigType", NEWER),
    ("cognito-idp/UserPoolType/DcrConfiguration", NEWER),
];

struct Sdk {
    service: &'static str,
    /// Input and output by operation.
    operations: BTreeMap<&'static str, (Shape, Shape)>,
    /// Structures by shape name.
    structures: BTreeMap<&'static str, Shape>,
}

impl Sdk {
    fn new(service: &'static str) -> Self {
        Self { service, operations: BTreeMap::new(), structures: BTreeMap::new() }
    }
}

macro_rules! operations {
    ($sdk:ident, $krate:ident, $($module:ident $name:ident,)*) => {
        $({
            use $krate::operation::$module::$name;
            let sides = ($name::INPUT_SCHEMA, $name::OUTPUT_SCHEMA);
            $sdk.operations.insert(stringify!($name), sides);
        })*
    };
}

macro_rules! structures {
    ($sdk:ident, $krate:ident, $($name:ident,)*) => {
        $({
            let schema = $krate::types::$name::SCHEMA;
            $sdk.structures.insert(schema.shape_id().shape_name(), schema);
        })*
    };
}

#[test]
fn the_catalogue_agrees_with_the_official_sdk() {
    let catalogue = Catalogue::load(&Source::Embedded).unwrap_or_else(|error| panic!("{error}"));
    let mut found = BTreeMap::new();
    for sdk in [user_pools(), identity_pools()] {
        compare(&sdk, &catalogue.services[sdk.service], &mut found);
    }
    let accepted: BTreeSet<&str> = ACCEPTED.iter().map(|(at, _)| *at).collect();
    let news = found.iter().filter(|(at, _)| !accepted.contains(at.as_str()));
    let news: Vec<String> = news.map(|(at, what)| format!("{at}: {what}")).collect();
    let stale: Vec<&&str> = accepted.iter().filter(|at| !found.contains_key(**at)).collect();
    assert!(
        news.is_empty() && stale.is_empty(),
        "new differences:\n  {}\naccepted, but no longer there: {stale:?}",
        news.join("\n  ")
    );
}

type Differences = BTreeMap<String, String>;

fn compare(sdk: &Sdk, service: &Service, found: &mut Differences) {
    let id = &service.info.id;
    let ours = service.operations.keys().map(String::as_str);
    names(id, "operation", ours, sdk.operations.keys().copied(), found);
    for (name, (input, output)) in &sdk.operations {
        let Some(operation) = service.operations.get(*name) else { continue };
        structure(service, &format!("{id}/{name}/input"), &operation.input, input, found);
        let at = format!("{id}/{name}/output");
        match &operation.output {
            Some(ours) => structure(service, &at, ours, output, found),
            None if output.members().is_empty() => {}
            None => _ = found.insert(at, "the SDK has members, the catalogue has no output".into()),
        }
    }
    let ours = service.shapes.iter().filter(|(_, shape)| shape.is_structure());
    let theirs = sdk.structures.keys().copied();
    names(id, "structure", ours.map(|(name, _)| name.as_str()), theirs, found);
    for (name, theirs) in &sdk.structures {
        if let Some(ours) = service.shapes.get(*name) {
            structure(service, &format!("{id}/{name}"), ours, theirs, found);
        }
    }
}

fn names<'a>(
    at: &str,
    kind: &str,
    ours: impl Iterator<Item = &'a str>,
    theirs: impl Iterator<Item = &'a str>,
    found: &mut Differences,
) {
    let (ours, theirs): (BTreeSet<_>, BTreeSet<_>) = (ours.collect(), theirs.collect());
    for name in ours.symmetric_difference(&theirs) {
        let place = if ours.contains(name) { "only in the catalogue" } else { "only in the SDK" };
        found.insert(format!("{at}/{name}"), format!("{kind} {place}"));
    }
}

fn structure(
    service: &Service,
    at: &str,
    ours: &Schema,
    theirs: &SdkSchema<'_>,
    found: &mut Differences,
) {
    let members =
        theirs.members().iter().filter_map(|member| Some((member.member_name()?, member)));
    let theirs: BTreeMap<&str, _> = members.collect();
    let known = ours.properties.iter().flatten().map(|(name, _)| name.as_str());
    names(at, "member", known, theirs.keys().copied(), found);
    for (name, theirs) in theirs {
        if let Some(ours) = ours.member(name) {
            member(service, &format!("{at}/{name}"), ours, theirs, found);
        }
    }
}

/// Compares types. A structure inside is compared under its own name, so recursion ends there.
fn member(
    service: &Service,
    at: &str,
    ours: &Schema,
    theirs: &SdkSchema<'_>,
    found: &mut Differences,
) {
    let ours = service.resolve(ours);
    let (mine, their) = (our_type(ours), sdk_type(theirs.shape_type()));
    if mine != their {
        found.insert(at.into(), format!("{mine} in the catalogue, {their} in the SDK"));
        return;
    }
    let parts = [
        ("items", &ours.items, theirs.member().filter(|_| theirs.is_list())),
        ("keys", &ours.property_names, theirs.key()),
        ("values", &ours.additional_properties, theirs.member().filter(|_| theirs.is_map())),
    ];
    for (label, mine, their) in parts {
        match (mine, their) {
            (Some(mine), Some(their)) => {
                member(service, &format!("{at}/{label}"), mine, their, found);
            }
            (None, None) => {}
            (mine, _) => {
                let place = if mine.is_some() { "catalogue" } else { "SDK" };
                found.insert(format!("{at}/{label}"), format!("only in the {place}"));
            }
        }
    }
}

fn our_type(schema: &Schema) -> &'static str {
    match schema.kind {
        None => "document",
        Some(Kind::Object) if schema.is_map() => "map",
        Some(Kind::Object) => "structure",
        Some(Kind::Array) => "list",
        Some(Kind::String) if schema.content_encoding.is_some() => "blob",
        Some(Kind::String) => "string",
        Some(Kind::Integer) => "integer",
        Some(Kind::Number) if schema.timestamp.is_some() => "timestamp",
        Some(Kind::Number) => "number",
        Some(Kind::Boolean) => "boolean",
    }
}

fn sdk_type(shape: ShapeType) -> &'static str {
    match shape {
        ShapeType::Boolean => "boolean",
        ShapeType::Byte | ShapeType::Short | ShapeType::Integer | ShapeType::Long => "integer",
        ShapeType::Float | ShapeType::Double => "number",
        ShapeType::String => "string",
        ShapeType::Blob => "blob",
        ShapeType::Timestamp => "timestamp",
        ShapeType::Document => "document",
        ShapeType::List => "list",
        ShapeType::Map => "map",
        ShapeType::Structure | ShapeType::Union => "structure",
        _ => "unknown type",
    }
}

/// Every operation and structure of the SDK crate, by the catalogue's name.
fn user_pools() -> Sdk {
    let mut sdk = Sdk::new("cognito-idp");
    operations!(sdk, aws_sdk_cognitoidentityprovider,
        add_custom_attributes AddCustomAttributes,
        add_user_pool_client_secret AddUserPoolClientSecret,
        admin_add_user_to_group AdminAddUserToGroup,
        admin_confirm_sign_up AdminConfirmSignUp,
        admin_create_user AdminCreateUser,
        admin_delete_software_token AdminDeleteSoftwareToken,
        admin_delete_user AdminDeleteUser,
        admin_delete_user_attributes AdminDeleteUserAttributes,
        admin_disable_provider_for_user AdminDisableProviderForUser,
        admin_disable_user AdminDisableUser,
        admin_enable_user AdminEnableUser,
        admin_forget_device AdminForgetDevice,
        admin_get_device AdminGetDevice,
        admin_get_user AdminGetUser,
        admin_get_user_auth_factors AdminGetUserAuthFactors,
        admin_initiate_auth AdminInitiateAuth,
        admin_link_provider_for_user AdminLinkProviderForUser,
        admin_list_devices AdminListDevices,
        admin_list_groups_for_user AdminListGroupsForUser,
        admin_list_user_auth_events AdminListUserAuthEvents,
        admin_remove_user_from_group AdminRemoveUserFromGroup,
        admin_reset_user_password AdminResetUserPassword,
        admin_respond_to_auth_challenge AdminRespondToAuthChallenge,
        admin_set_user_mfa_preference AdminSetUserMFAPreference,
        admin_set_user_password AdminSetUserPassword,
        admin_set_user_settings AdminSetUserSettings,
        admin_update_auth_event_feedback AdminUpdateAuthEventFeedback,
        admin_update_device_status AdminUpdateDeviceStatus,
        admin_update_user_attributes AdminUpdateUserAttributes,
        admin_user_global_sign_out AdminUserGlobalSignOut,
        associate_software_token AssociateSoftwareToken,
        change_password ChangePassword,
        complete_web_authn_registration CompleteWebAuthnRegistration,
        confirm_device ConfirmDevice,
        confirm_forgot_password ConfirmForgotPassword,
        confirm_sign_up ConfirmSignUp,
        create_group CreateGroup,
        create_identity_provider CreateIdentityProvider,
        create_managed_login_branding CreateManagedLoginBranding,
        create_resource_server CreateResourceServer,
        create_terms CreateTerms,
        create_user_import_job CreateUserImportJob,
        create_user_pool CreateUserPool,
        create_user_pool_client CreateUserPoolClient,
        create_user_pool_domain CreateUserPoolDomain,
        create_user_pool_replica CreateUserPoolReplica,
        delete_group DeleteGroup,
        delete_identity_provider DeleteIdentityProvider,
        delete_managed_login_branding DeleteManagedLoginBranding,
        delete_resource_server DeleteResourceServer,
        delete_terms DeleteTerms,
        delete_user DeleteUser,
        delete_user_attributes DeleteUserAttributes,
        delete_user_pool DeleteUserPool,
        delete_user_pool_client DeleteUserPoolClient,
        delete_user_pool_client_secret DeleteUserPoolClientSecret,
        delete_user_pool_domain DeleteUserPoolDomain,
        delete_user_pool_replica DeleteUserPoolReplica,
        delete_web_authn_credential DeleteWebAuthnCredential,
        describe_identity_provider DescribeIdentityProvider,
        describe_managed_login_branding DescribeManagedLoginBranding,
        describe_managed_login_branding_by_client DescribeManagedLoginBrandingByClient,
        describe_resource_server DescribeResourceServer,
        describe_risk_configuration DescribeRiskConfiguration,
        describe_terms DescribeTerms,
        describe_terms_by_client DescribeTermsByClient,
        describe_user_import_job DescribeUserImportJob,
        describe_user_pool DescribeUserPool,
        describe_user_pool_client DescribeUserPoolClient,
        describe_user_pool_domain DescribeUserPoolDomain,
        forget_device ForgetDevice,
        forgot_password ForgotPassword,
        get_client_token GetClientToken,
        get_csv_header GetCSVHeader,
        get_device GetDevice,
        get_group GetGroup,
        get_identity_provider_by_identifier GetIdentityProviderByIdentifier,
        get_log_delivery_configuration GetLogDeliveryConfiguration,
        get_provisioned_limit GetProvisionedLimit,
        get_signing_certificate GetSigningCertificate,
        get_tokens_from_refresh_token GetTokensFromRefreshToken,
        get_ui_customization GetUICustomization,
        get_user GetUser,
        get_user_attribute_verification_code GetUserAttributeVerificationCode,
        get_user_auth_factors GetUserAuthFactors,
        get_user_pool_mfa_config GetUserPoolMfaConfig,
        global_sign_out GlobalSignOut,
        initiate_auth InitiateAuth,
        list_devices ListDevices,
        list_groups ListGroups,
        list_identity_providers ListIdentityProviders,
        list_resource_servers ListResourceServers,
        list_tags_for_resource ListTagsForResource,
        list_terms ListTerms,
        list_user_import_jobs ListUserImportJobs,
        list_user_pool_client_secrets ListUserPoolClientSecrets,
        list_user_pool_clients ListUserPoolClients,
        list_user_pool_replicas ListUserPoolReplicas,
        list_user_pools ListUserPools,
        list_users ListUsers,
        list_users_in_group ListUsersInGroup,
        list_web_authn_credentials ListWebAuthnCredentials,
        resend_confirmation_code ResendConfirmationCode,
        respond_to_auth_challenge RespondToAuthChallenge,
        revoke_token RevokeToken,
        set_log_delivery_configuration SetLogDeliveryConfiguration,
        set_risk_configuration SetRiskConfiguration,
        set_ui_customization SetUICustomization,
        set_user_mfa_preference SetUserMFAPreference,
        set_user_pool_mfa_config SetUserPoolMfaConfig,
        set_user_settings SetUserSettings,
        sign_up SignUp,
        start_user_import_job StartUserImportJob,
        start_web_authn_registration StartWebAuthnRegistration,
        stop_user_import_job StopUserImportJob,
        tag_resource TagResource,
        untag_resource UntagResource,
        update_auth_event_feedback UpdateAuthEventFeedback,
        update_device_status UpdateDeviceStatus,
        update_group UpdateGroup,
        update_identity_provider UpdateIdentityProvider,
        update_managed_login_branding UpdateManagedLoginBranding,
        update_provisioned_limit UpdateProvisionedLimit,
        update_resource_server UpdateResourceServer,
        update_terms UpdateTerms,
        update_user_attributes UpdateUserAttributes,
        update_user_pool UpdateUserPool,
        update_user_pool_client UpdateUserPoolClient,
        update_user_pool_domain UpdateUserPoolDomain,
        update_user_pool_replica UpdateUserPoolReplica,
        verify_software_token VerifySoftwareToken,
        verify_user_attribute VerifyUserAttribute,
    );
    structures!(
        sdk,
        aws_sdk_cognitoidentityprovider,
        AccountRecoverySettingType,
        AccountTakeoverActionType,
        AccountTakeoverActionsType,
        AccountTakeoverRiskConfigurationType,
        AcrLevelConfigType,
        AdminCreateUserConfigType,
        AdvancedSecurityAdditionalFlowsType,
        AnalyticsConfigurationType,
        AnalyticsMetadataType,
        AssetType,
        AttributeType,
        AuthEventType,
        AuthenticationResultType,
        ChallengeResponseType,
        ClientAuthenticationResultType,
        ClientSecretDescriptorType,
        CloudWatchLogsConfigurationType,
        CodeDeliveryDetailsType,
        CompromisedCredentialsActionsType,
        CompromisedCredentialsRiskConfigurationType,
        ContextDataType,
        CustomDomainConfigType,
        CustomEmailLambdaVersionConfigType,
        CustomSmsLambdaVersionConfigType,
        DeviceConfigurationType,
        DeviceSecretVerifierConfigType,
        DeviceType,
        DomainDescriptionType,
        EmailConfigurationType,
        EmailMfaConfigType,
        EmailMfaSettingsType,
        EumsSmsConfigurationType,
        EventContextDataType,
        EventFeedbackType,
        EventRiskType,
        FailoverType,
        FirehoseConfigurationType,
        GroupType,
        HttpHeader,
        IdentityProviderType,
        InboundFederationLambdaType,
        IssuerConfigurationType,
        KeyConfigurationType,
        LambdaConfigType,
        LimitDefinitionType,
        LimitType,
        LogConfigurationType,
        LogDeliveryConfigurationType,
        ManagedLoginBrandingType,
        MessageTemplateType,
        MfaOptionType,
        NewDeviceMetadataType,
        NotifyConfigurationType,
        NotifyEmailType,
        NumberAttributeConstraintsType,
        PasswordPolicyType,
        PreTokenGenerationVersionConfigType,
        ProviderDescription,
        ProviderUserIdentifierType,
        RecoveryOptionType,
        RefreshTokenRotationType,
        ResourceServerScopeType,
        ResourceServerType,
        RiskConfigurationType,
        RiskExceptionConfigurationType,
        RoutingType,
        S3ConfigurationType,
        SchemaAttributeType,
        SignInPolicyType,
        SmsConfigurationType,
        SmsMfaConfigType,
        SmsMfaSettingsType,
        SoftwareTokenMfaConfigType,
        SoftwareTokenMfaSettingsType,
        StringAttributeConstraintsType,
        TermsDescriptionType,
        TermsType,
        TokenValidityUnitsType,
        UiCustomizationType,
        UserAttributeUpdateSettingsType,
        UserContextDataType,
        UserImportJobType,
        UserPoolAddOnsType,
        UserPoolClientDescription,
        UserPoolClientType,
        UserPoolDescriptionType,
        UserPoolPolicyType,
        UserPoolReplicaType,
        UserPoolType,
        UserType,
        UsernameConfigurationType,
        VerificationMessageTemplateType,
        WebAuthnConfigurationType,
        WebAuthnCredentialDescription,
        WebAuthnMfaSettingsType,
    );
    sdk
}

/// Every operation and structure of the SDK crate, by the catalogue's name.
fn identity_pools() -> Sdk {
    let mut sdk = Sdk::new("cognito-identity");
    operations!(sdk, aws_sdk_cognitoidentity,
        create_identity_pool CreateIdentityPool,
        delete_identities DeleteIdentities,
        delete_identity_pool DeleteIdentityPool,
        describe_identity DescribeIdentity,
        describe_identity_pool DescribeIdentityPool,
        get_credentials_for_identity GetCredentialsForIdentity,
        get_id GetId,
        get_identity_pool_roles GetIdentityPoolRoles,
        get_open_id_token GetOpenIdToken,
        get_open_id_token_for_developer_identity GetOpenIdTokenForDeveloperIdentity,
        get_principal_tag_attribute_map GetPrincipalTagAttributeMap,
        list_identities ListIdentities,
        list_identity_pools ListIdentityPools,
        list_tags_for_resource ListTagsForResource,
        lookup_developer_identity LookupDeveloperIdentity,
        merge_developer_identities MergeDeveloperIdentities,
        set_identity_pool_roles SetIdentityPoolRoles,
        set_principal_tag_attribute_map SetPrincipalTagAttributeMap,
        tag_resource TagResource,
        unlink_developer_identity UnlinkDeveloperIdentity,
        unlink_identity UnlinkIdentity,
        untag_resource UntagResource,
        update_identity_pool UpdateIdentityPool,
    );
    structures!(
        sdk,
        aws_sdk_cognitoidentity,
        CognitoIdentityProvider,
        Credentials,
        IdentityDescription,
        IdentityPoolShortDescription,
        MappingRule,
        RoleMapping,
        RulesConfigurationType,
        UnprocessedIdentityId,
    );
    sdk
}

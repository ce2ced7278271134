//! Object identifiers, as the octets of their encoding.

/// id-signedData, 1.2.840.113549.1.7.2 (RFC 5652).
pub const SIGNED_DATA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 2];
/// id-contentType, 1.2.840.113549.1.9.3.
pub const CONTENT_TYPE: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 9, 3];
/// id-messageDigest, 1.2.840.113549.1.9.4.
pub const MESSAGE_DIGEST: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 9, 4];
/// id-signingTime, 1.2.840.113549.1.9.5.
pub const SIGNING_TIME: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 9, 5];

/// id-icao-mrtd-security, 2.23.136.1.1: the arc that the identifiers of Doc 9303 lie under.
pub const ICAO_SECURITY: &[u8] = &[0x67, 0x81, 0x08, 1, 1];
/// id-icao-mrtd-security-ldsSecurityObject, 2.23.136.1.1.1 (Doc 9303-10).
pub const LDS_SECURITY_OBJECT: &[u8] = &[0x67, 0x81, 0x08, 1, 1, 1];
/// id-icao-mrtd-security-cscaMasterList, 2.23.136.1.1.2 (Doc 9303-12).
pub const MASTER_LIST: &[u8] = &[0x67, 0x81, 0x08, 1, 1, 2];
/// id-icao-mrtd-security-cscaMasterListSigningKey, 2.23.136.1.1.3: extended key usage.
pub const MASTER_LIST_SIGNING: &[u8] = &[0x67, 0x81, 0x08, 1, 1, 3];
/// id-icao-mrtd-security-extensions-nameChange, 2.23.136.1.1.6.1.
pub const NAME_CHANGE: &[u8] = &[0x67, 0x81, 0x08, 1, 1, 6, 1];
/// id-icao-mrtd-security-extensions-documentTypeList, 2.23.136.1.1.6.2.
pub const DOCUMENT_TYPE_LIST: &[u8] = &[0x67, 0x81, 0x08, 1, 1, 6, 2];
/// id-icao-mrtd-security-DeviationList, 2.23.136.1.1.7.
pub const DEVIATION_LIST: &[u8] = &[0x67, 0x81, 0x08, 1, 1, 7];
/// id-icao-mrtd-security-DeviationListSigningKey, 2.23.136.1.1.8: extended key usage.
pub const DEVIATION_LIST_SIGNING: &[u8] = &[0x67, 0x81, 0x08, 1, 1, 8];
/// id-SecurityObject, 0.4.0.127.0.7.3.2.1 (BSI TR-03110-3): the content of EF.CardSecurity.
pub const SECURITY_OBJECT: &[u8] = &[0x04, 0, 0x7F, 0, 7, 3, 2, 1];

/// id-kp-serverAuth and id-kp-clientAuth, 1.3.6.1.5.5.7.3.1 and .2 (RFC 5280, 4.2.1.12).
pub const SERVER_AUTHENTICATION: &[u8] = &[0x2B, 6, 1, 5, 5, 7, 3, 1];
/// See [`SERVER_AUTHENTICATION`].
pub const CLIENT_AUTHENTICATION: &[u8] = &[0x2B, 6, 1, 5, 5, 7, 3, 2];

/// id-ce-subjectKeyIdentifier, 2.5.29.14 (RFC 5280).
pub const SUBJECT_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1D, 14];
/// id-ce-keyUsage, 2.5.29.15.
pub const KEY_USAGE: &[u8] = &[0x55, 0x1D, 15];
/// id-ce-privateKeyUsagePeriod, 2.5.29.16.
pub const PRIVATE_KEY_USAGE_PERIOD: &[u8] = &[0x55, 0x1D, 16];
/// id-ce-subjectAltName, 2.5.29.17.
pub const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1D, 17];
/// id-ce-issuerAltName, 2.5.29.18.
pub const ISSUER_ALT_NAME: &[u8] = &[0x55, 0x1D, 18];
/// id-ce-basicConstraints, 2.5.29.19.
pub const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1D, 19];
/// id-ce-cRLNumber, 2.5.29.20.
pub const CRL_NUMBER: &[u8] = &[0x55, 0x1D, 20];
/// id-ce-cRLReasons, 2.5.29.21.
pub const CRL_REASON: &[u8] = &[0x55, 0x1D, 21];
/// id-ce-deltaCRLIndicator, 2.5.29.27.
pub const DELTA_CRL: &[u8] = &[0x55, 0x1D, 27];
/// id-ce-cRLDistributionPoints, 2.5.29.31.
pub const CRL_DISTRIBUTION_POINTS: &[u8] = &[0x55, 0x1D, 31];
/// id-ce-certificatePolicies, 2.5.29.32.
pub const CERTIFICATE_POLICIES: &[u8] = &[0x55, 0x1D, 32];
/// id-ce-authorityKeyIdentifier, 2.5.29.35.
pub const AUTHORITY_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1D, 35];
/// id-ce-extKeyUsage, 2.5.29.37.
pub const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1D, 37];

/// id-at-commonName, 2.5.4.3.
pub const COMMON_NAME: &[u8] = &[0x55, 4, 3];
/// id-at-serialNumber, 2.5.4.5.
pub const SERIAL_NUMBER: &[u8] = &[0x55, 4, 5];
/// id-at-countryName, 2.5.4.6.
pub const COUNTRY: &[u8] = &[0x55, 4, 6];
/// id-at-localityName, 2.5.4.7.
pub const LOCALITY: &[u8] = &[0x55, 4, 7];
/// id-at-stateOrProvinceName, 2.5.4.8.
pub const STATE: &[u8] = &[0x55, 4, 8];
/// id-at-organizationName, 2.5.4.10.
pub const ORGANIZATION: &[u8] = &[0x55, 4, 10];
/// id-at-organizationalUnitName, 2.5.4.11.
pub const ORGANIZATIONAL_UNIT: &[u8] = &[0x55, 4, 11];

/// rsaEncryption, 1.2.840.113549.1.1.1.
pub const RSA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 1];
/// id-mgf1, 1.2.840.113549.1.1.8.
pub const MGF1: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 8];
/// id-RSASSA-PSS, 1.2.840.113549.1.1.10.
pub const RSASSA_PSS: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 10];
/// id-ecPublicKey, 1.2.840.10045.2.1.
pub const EC_PUBLIC_KEY: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 2, 1];
/// prime-field, 1.2.840.10045.1.1.
pub const PRIME_FIELD: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 1, 1];
/// The arc of ecdsa-with-SHA1 and its like, 1.2.840.10045.4.
pub const ECDSA: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 4];
/// The arc of ecdsa-plain-signatures, 0.4.0.127.0.7.1.1.4.1 (BSI TR-03111, 5.2.1).
pub const ECDSA_PLAIN: &[u8] = &[0x04, 0, 0x7F, 0, 7, 1, 1, 4, 1];

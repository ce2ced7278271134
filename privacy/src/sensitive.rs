//! What the compiler refuses to do with secrets: copy them, write them into a file or message, take them out of their types.
//! Each must not compile for the very reason named; beside it stands that the type is there and the rest compiles.

/// Documentation tests that must compile for a type, and must not once it is cloned or serialized.
macro_rules! sensitive {
    ($($name:ident = $type:literal),+ $(,)?) => {$(
        #[doc = concat!(
            "```\nfn sized<T: std::fmt::Debug>() {}\nsized::<", $type, ">();\n```\n",
            "```compile_fail,E0277\nfn copied<T: Clone>() {}\ncopied::<", $type, ">();\n```\n",
            "```compile_fail,E0277\nfn written<T: serde::Serialize>() {}\nwritten::<", $type, ">();\n```\n",
        )]
        pub struct $name;
    )+};
}

sensitive! {
    Root = "sallyport_privacy::keys::RootKey",
    Application = "sallyport_privacy::keys::ApplicationKey",
    Seed = "sallyport_privacy::keys::EnrollmentSeed",
    Sealer = "sallyport_privacy::vault::Vault",
    Manifest = "sallyport_privacy::vault::ManifestKey",
    FaceCode = "sallyport_privacy::template::Code",
    FaceProjection = "sallyport_privacy::template::Projection",
    FaceProbe = "sallyport_privacy::template::Probe",
    FingerCode = "sallyport_privacy::template::FingerCode",
    FingerProjection = "sallyport_privacy::template::FingerProjection",
    FingerProbe = "sallyport_privacy::template::FingerProbe",
    RootFile = "sallyport_privacy::keys::RootFile",
    Trail = "sallyport_privacy::audit::Trail",
    AuditSigner = "sallyport_privacy::audit::Signer",
    Memory = "sallyport_privacy::memory::Locked<32>",
}

/// Its bytes cannot be taken out:
/// ```compile_fail,E0616
/// fn taken(key: sallyport_privacy::keys::ApplicationKey) -> sallyport_privacy::memory::Locked<32> { key.key }
/// ```
/// ```compile_fail,E0616
/// fn taken(root: &sallyport_privacy::keys::RootKey) -> &[u8; 32] { &root.0 }
/// ```
/// ```compile_fail,E0616
/// fn taken(seed: &sallyport_privacy::keys::EnrollmentSeed) -> [u8; 32] { seed.0 }
/// ```
/// Nor is there another way to make a seed than from a key:
/// ```compile_fail,E0603
/// let seed = sallyport_privacy::keys::EnrollmentSeed([0; 32]);
/// ```
/// Nor do codes, live probes and projections show what they are made of:
/// ```compile_fail,E0616
/// fn taken(code: &sallyport_privacy::template::Code) -> &[u8] { &code.0 }
/// ```
/// ```compile_fail,E0616
/// fn taken(code: sallyport_privacy::template::FingerCode) -> Vec<u8> { code.0 }
/// ```
/// ```compile_fail,E0616
/// fn taken(probe: &sallyport_privacy::template::FingerProbe) -> usize { probe.0.len() }
/// ```
/// ```compile_fail,E0616
/// fn taken(probe: &sallyport_privacy::template::Probe) -> usize { probe.projected.len() }
/// ```
/// ```compile_fail,E0616
/// fn taken(key: &sallyport_privacy::template::FingerProjection) -> usize { key.0.len() }
/// ```
pub struct Taken;

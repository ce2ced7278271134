//! What the compiler refuses to do with pictures and unprotected templates: copy them, write them into a file or message, take
//! them out of their types. Each must not compile for the very reason named; beside it stands that the type is there and
//! the rest compiles.

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
    Picture = "sallyport_matcher::Image",
    Embedding = "sallyport_matcher::face::FaceTemplate",
    Sample = "sallyport_matcher::face::FaceSample",
    SeveralSamples = "sallyport_matcher::face::Fused",
    Aligned = "sallyport_matcher::face::AlignedFace",
    FingerPicture = "sallyport_matcher::finger::FingerImage",
    Minutiae = "sallyport_matcher::finger::MinutiaTemplate",
    Cylinders = "sallyport_matcher::finger::CylinderVectors",
    Prepared = "sallyport_matcher::finger::PreparedFinger",
    Enrolled = "sallyport_matcher::finger::EnrolledFinger",
    Stages = "sallyport_matcher::finger::extract::Analysis",
    RecordView = "sallyport_matcher::finger::record::View",
    Codes = "sallyport_matcher::gallery::Gallery",
}

/// What they hold cannot be taken out, past the wrapper that zeroes it (`Zeroizing`, field by field):
/// ```compile_fail,E0616
/// fn taken(template: sallyport_matcher::face::FaceTemplate) -> usize { template.values.len() }
/// ```
/// ```compile_fail,E0616
/// fn taken(image: sallyport_matcher::Image) -> usize { image.bgr.len() }
/// ```
/// ```compile_fail,E0616
/// fn taken(image: sallyport_matcher::finger::FingerImage) -> usize { image.gray.len() }
/// ```
/// ```compile_fail,E0616
/// fn taken(template: sallyport_matcher::finger::MinutiaTemplate) -> usize { template.minutiae.len() }
/// ```
/// ```compile_fail,E0616
/// fn taken(cylinders: sallyport_matcher::finger::CylinderVectors) -> usize { cylinders.0.len() }
/// ```
/// One minutia alone tells nothing of a person and may be copied, but neither printed nor written:
/// ```compile_fail,E0277
/// fn printed<T: std::fmt::Debug>() {}
/// printed::<sallyport_matcher::finger::Minutia>();
/// ```
/// ```compile_fail,E0277
/// fn written<T: serde::Serialize>() {}
/// written::<sallyport_matcher::finger::Minutia>();
/// ```
pub struct Taken;

//! ECDSA in the plain format of TR-03111, 5.2.1: `r || s`, each as long as the order of the generator. Chips and
//! terminals sign so; certificates of the X.509 kind use DER.

use openssl::{
    bn::{BigNum, BigNumContext},
    ec::{EcGroupRef, EcKeyRef, PointConversionForm},
    ecdsa::EcdsaSig,
    error::ErrorStack,
    pkey::{HasPublic, Private},
};

/// Bytes of the order of the generator, rounded up.
pub fn order_bytes(group: &EcGroupRef) -> usize {
    group.order_bits().div_ceil(8) as usize
}

/// Bytes of a coordinate.
pub fn coordinate_bytes(group: &EcGroupRef) -> usize {
    group.degree().div_ceil(8) as usize
}

/// Signs a hash.
pub fn sign(key: &EcKeyRef<Private>, hash: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    let width = order_bytes(key.group()) as i32;
    let signature = EcdsaSig::sign(hash, key)?;
    Ok([signature.r().to_vec_padded(width)?, signature.s().to_vec_padded(width)?].concat())
}

/// Verifies a signature of any even length: some chips pad both halves to more bytes than the order takes.
pub fn verify<T: HasPublic>(key: &EcKeyRef<T>, hash: &[u8], signature: &[u8]) -> bool {
    if signature.is_empty() || !signature.len().is_multiple_of(2) {
        return false;
    }
    let (r, s) = signature.split_at(signature.len() / 2);
    let parts = || EcdsaSig::from_private_components(BigNum::from_slice(r)?, BigNum::from_slice(s)?);
    parts().and_then(|signature| signature.verify(hash, key)).unwrap_or(false)
}

/// Verifies a signature in DER, as some chips give it against the standard.
pub fn verify_der<T: HasPublic>(key: &EcKeyRef<T>, hash: &[u8], signature: &[u8]) -> bool {
    EcdsaSig::from_der(signature).and_then(|signature| signature.verify(hash, key)).unwrap_or(false)
}

/// The public key as an uncompressed point.
pub fn public_point<T: HasPublic>(key: &EcKeyRef<T>) -> Result<Vec<u8>, ErrorStack> {
    let mut context = BigNumContext::new()?;
    key.public_key().to_bytes(key.group(), PointConversionForm::UNCOMPRESSED, &mut context)
}

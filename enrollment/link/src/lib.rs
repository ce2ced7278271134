//! Certificates and TLS 1.3.

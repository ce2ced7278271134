//! What is called of libfprint 1.94 and GLib 2, as their headers declare it.

use std::ffi::{c_char, c_int, c_uint, c_void};

macro_rules! opaque {
    ($($name:ident)*) => {$(
        #[repr(C)]
        pub(crate) struct $name([u8; 0]);
    )*};
}

opaque!(FpContext FpDevice FpImage GObject GAsyncResult GCancellable GMainContext);

/// The beginning of a GPtrArray, which is public.
#[repr(C)]
pub(crate) struct GPtrArray {
    pub(crate) items: *mut *mut FpDevice,
    pub(crate) length: c_uint,
}

#[repr(C)]
pub(crate) struct GError {
    pub(crate) domain: u32,
    pub(crate) code: c_int,
    pub(crate) message: *mut c_char,
}

pub(crate) type Finished = unsafe extern "C" fn(*mut GObject, *mut GAsyncResult, *mut c_void);

/// FP_DEVICE_FEATURE_CAPTURE.
pub(crate) const FEATURE_CAPTURE: c_uint = 1;
/// FP_FINGER_STATUS_NEEDED and FP_FINGER_STATUS_PRESENT.
pub(crate) const FINGER_NEEDED: c_uint = 1;
pub(crate) const FINGER_PRESENT: c_uint = 2;
/// G_IO_ERROR_CANCELLED.
pub(crate) const CANCELLED: c_int = 19;

#[link(name = "fprint-2")]
unsafe extern "C" {
    pub(crate) fn fp_context_new() -> *mut FpContext;
    pub(crate) fn fp_context_get_devices(context: *mut FpContext) -> *mut GPtrArray;
    pub(crate) fn fp_device_get_driver(device: *mut FpDevice) -> *const c_char;
    pub(crate) fn fp_device_get_name(device: *mut FpDevice) -> *const c_char;
    pub(crate) fn fp_device_has_feature(device: *mut FpDevice, feature: c_uint) -> c_int;
    pub(crate) fn fp_device_get_finger_status(device: *mut FpDevice) -> c_uint;
    pub(crate) fn fp_device_open_sync(
        device: *mut FpDevice,
        cancellable: *mut GCancellable,
        error: *mut *mut GError,
    ) -> c_int;
    pub(crate) fn fp_device_close_sync(
        device: *mut FpDevice,
        cancellable: *mut GCancellable,
        error: *mut *mut GError,
    ) -> c_int;
    pub(crate) fn fp_device_capture(
        device: *mut FpDevice,
        wait_for_finger: c_int,
        cancellable: *mut GCancellable,
        finished: Finished,
        data: *mut c_void,
    );
    pub(crate) fn fp_device_capture_finish(
        device: *mut FpDevice,
        result: *mut GAsyncResult,
        error: *mut *mut GError,
    ) -> *mut FpImage;
    pub(crate) fn fp_image_get_width(image: *mut FpImage) -> c_uint;
    pub(crate) fn fp_image_get_height(image: *mut FpImage) -> c_uint;
    pub(crate) fn fp_image_get_ppmm(image: *mut FpImage) -> f64;
    pub(crate) fn fp_image_get_data(image: *mut FpImage, length: *mut usize) -> *const u8;
    pub(crate) fn fp_image_get_binarized(image: *mut FpImage, length: *mut usize) -> *const u8;
    pub(crate) fn fp_device_retry_quark() -> u32;
}

#[link(name = "gio-2.0")]
unsafe extern "C" {
    pub(crate) fn g_cancellable_new() -> *mut GCancellable;
    pub(crate) fn g_cancellable_cancel(cancellable: *mut GCancellable);
    pub(crate) fn g_io_error_quark() -> u32;
}

#[link(name = "gobject-2.0")]
unsafe extern "C" {
    pub(crate) fn g_object_ref(object: *mut c_void) -> *mut c_void;
    pub(crate) fn g_object_unref(object: *mut c_void);
}

#[link(name = "glib-2.0")]
unsafe extern "C" {
    pub(crate) fn g_error_free(error: *mut GError);
    pub(crate) fn g_main_context_iteration(context: *mut GMainContext, may_block: c_int) -> c_int;
}

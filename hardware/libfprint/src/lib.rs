//! Images from fingerprint sensors through libfprint.
//!
//! A module of its own makes foreign calls, so that all other code stays without them. Of libfprint only what captures
//! images is called. The crate `libfprint-rs` captures too, but leaves the images in freed memory, and its dependencies
//! change the features of those of others.
//!
//! Everything here lives on one thread: libfprint answers through GLib's default main context, which [`Sensor::capture`]
//! runs. Two threads of one process must not use it at once.

mod raw;

use std::{
    cell::Cell,
    ffi::{CStr, c_char, c_void},
    marker::PhantomData,
    ptr,
    rc::Rc,
    time::Duration,
};

use zeroize::{Zeroize as _, Zeroizing};

/// How long nothing is looked at while a finger is waited for; a sensor sends a picture every 50 ms or so.
const PAUSE: Duration = Duration::from_millis(10);
/// Longest side taken for one, in pixels.
const SIDE_PX_MAX: u32 = 8_192;

/// What a sensor asks for before it tries again (`FpDeviceRetry`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Retry {
    /// The picture was too poor.
    General,
    /// The swipe was too short.
    TooShort,
    /// The finger was not in the middle.
    Center,
    /// The finger is to be lifted first.
    Lift,
}

/// Why there is no image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The finger was placed badly; nothing is wrong with the sensor.
    #[error("the finger is to be placed again ({0:?})")]
    Retry(Retry),
    /// It was stopped.
    #[error("the capture was stopped")]
    Stopped,
    /// The sensor's.
    #[error("the sensor failed: {0}")]
    Device(String),
}

/// Where the finger is, as far as the sensor knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finger {
    /// The sensor waits for it.
    Awaited,
    /// It lies on the sensor.
    Present,
    /// It is not there, nor waited for.
    Neither,
}

/// A gray picture, a byte a pixel, rows from above. Zeroed on drop.
pub struct Image {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Where the driver knows it.
    pub pixels_per_millimeter: Option<f64>,
    /// The rows, ridges dark.
    pub gray: Zeroizing<Vec<u8>>,
}

/// An object of GLib's, of which one reference is held.
struct Object<T>(*mut T);

impl<T> Object<T> {
    /// Takes over a reference; `None` if there is no object.
    fn owned(pointer: *mut T) -> Option<Self> {
        // Not `then_some`: an object that is made is released.
        (!pointer.is_null()).then(|| Self(pointer))
    }

    fn shared(pointer: *mut T) -> Option<Self> {
        let object = (!pointer.is_null()).then_some(pointer)?;
        // SAFETY: `pointer` is an object that its owner holds during this call; the reference is released in `drop`.
        unsafe { raw::g_object_ref(object.cast()) };
        Some(Self(object))
    }
}

impl<T> Drop for Object<T> {
    fn drop(&mut self) {
        // SAFETY: this reference is held by nobody else, and no pointer to the object is used after it.
        unsafe { raw::g_object_unref(self.0.cast()) }
    }
}

/// All sensors of this machine that give images, in libfprint's order. `FP_VIRTUAL_IMAGE` in the environment adds one.
pub fn sensors() -> Vec<Sensor> {
    // SAFETY: takes nothing; the reference that it gives is ours.
    let Some(context) = Object::owned(unsafe { raw::fp_context_new() }).map(Rc::new) else { return Vec::new() };
    // SAFETY: the context lives; the array belongs to it and is read before anything else is asked of it.
    let array = unsafe { raw::fp_context_get_devices(context.0) };
    if array.is_null() {
        return Vec::new();
    }
    // SAFETY: a GPtrArray begins with these two fields, and this one is not null.
    let raw::GPtrArray { items, length } = *unsafe { &*array };
    let mut sensors = Vec::new();
    for at in 0..length as usize {
        // SAFETY: `at` is below the array's length.
        let item = unsafe { items.add(at) };
        // SAFETY: as long as the array has elements, its first pointer leads to them.
        let device = Object::shared(unsafe { *item });
        sensors.extend(device.map(|device| Sensor { device, _context: Rc::clone(&context) }));
    }
    sensors.retain(Sensor::gives_images);
    sensors
}

/// A sensor that is not in use.
pub struct Sensor {
    device: Object<raw::FpDevice>,
    /// Devices are of no use without it.
    _context: Rc<Object<raw::FpContext>>,
}

impl Sensor {
    /// Its name, as `DigitalPersona U.are.U 4000/4000B/4500`.
    pub fn name(&self) -> String {
        // SAFETY: the device lives, and the text as long as the device.
        text(unsafe { raw::fp_device_get_name(self.device.0) })
    }

    /// The name of its driver, as `uru4000`.
    pub fn driver(&self) -> String {
        // SAFETY: the device lives, and the text is of the driver's class, which is never freed.
        text(unsafe { raw::fp_device_get_driver(self.device.0) })
    }

    fn gives_images(&self) -> bool {
        // SAFETY: the device lives.
        unsafe { raw::fp_device_has_feature(self.device.0, raw::FEATURE_CAPTURE) != 0 }
    }

    /// Takes it into use.
    pub fn open(self) -> Result<OpenSensor, Failure> {
        let mut error = ptr::null_mut();
        // SAFETY: the device lives; without a cancellable it cannot be stopped; the error is ours.
        let opened = unsafe { raw::fp_device_open_sync(self.device.0, ptr::null_mut(), &mut error) };
        if opened == 0 { Err(failure(error)) } else { Ok(OpenSensor { sensor: self, _one_thread: PhantomData }) }
    }
}

/// A sensor in use.
pub struct OpenSensor {
    sensor: Sensor,
    /// GLib calls back on the thread that called it.
    _one_thread: PhantomData<*const ()>,
}

impl Drop for OpenSensor {
    fn drop(&mut self) {
        let mut error = ptr::null_mut();
        // SAFETY: the device lives and is open; whether it closes well changes nothing for us.
        let closed = unsafe { raw::fp_device_close_sync(self.sensor.device.0, ptr::null_mut(), &mut error) };
        if closed == 0 {
            failure(error);
        }
    }
}

impl OpenSensor {
    /// Waits for a finger and takes an image of it. Over and over `watch` is told where the finger is; when it gives
    /// `false`, the capture is stopped.
    pub fn capture(&mut self, watch: &mut dyn FnMut(Finger) -> bool) -> Result<Image, Failure> {
        let device = self.sensor.device.0;
        // SAFETY: takes nothing; the reference that it gives is ours.
        let cancellable = Object::owned(unsafe { raw::g_cancellable_new() });
        let cancellable = cancellable.ok_or(Failure::Device("no memory".to_owned()))?;
        let answer: Cell<*mut raw::GAsyncResult> = Cell::new(ptr::null_mut());
        // SAFETY: device and cancellable live. `answer` outlives the call-back, since this function does not return
        // before it: libfprint answers every capture, a stopped one as well.
        unsafe { raw::fp_device_capture(device, 1, cancellable.0, finished, ptr::from_ref(&answer).cast_mut().cast()) };
        let mut stopped = false;
        while answer.get().is_null() {
            // SAFETY: the default context, which this thread alone runs (see the module's description).
            let worked = unsafe { raw::g_main_context_iteration(ptr::null_mut(), 0) };
            if worked != 0 {
                continue;
            }
            if !stopped && !watch(self.finger()) {
                stopped = true;
                // SAFETY: the cancellable lives.
                unsafe { raw::g_cancellable_cancel(cancellable.0) };
            }
            std::thread::sleep(PAUSE);
        }
        let answer = Object::owned(answer.get()).ok_or(Failure::Stopped)?;
        let mut error = ptr::null_mut();
        // SAFETY: the answer is that of this device's capture; image and error are ours.
        let image = unsafe { raw::fp_device_capture_finish(device, answer.0, &mut error) };
        Object::owned(image).ok_or_else(|| failure(error)).and_then(|image| taken(&image))
    }

    fn finger(&self) -> Finger {
        // SAFETY: the device lives.
        let status = unsafe { raw::fp_device_get_finger_status(self.sensor.device.0) };
        match status {
            status if status & raw::FINGER_PRESENT != 0 => Finger::Present,
            status if status & raw::FINGER_NEEDED != 0 => Finger::Awaited,
            _ => Finger::Neither,
        }
    }
}

/// Keeps the answer for [`OpenSensor::capture`].
///
/// # Safety
/// `data` is the cell that was handed over with it, and `answer` an object.
unsafe extern "C" fn finished(_device: *mut raw::GObject, answer: *mut raw::GAsyncResult, data: *mut c_void) {
    // SAFETY: GLib's caller holds a reference to the answer during this call; ours is released after the capture.
    unsafe { raw::g_object_ref(answer.cast()) };
    // SAFETY: see above; the cell lives on the stack of the thread that runs this call-back.
    let place = unsafe { &*data.cast::<Cell<*mut raw::GAsyncResult>>() };
    place.set(answer);
}

/// Takes the pixels out and leaves zeros behind.
fn taken(image: &Object<raw::FpImage>) -> Result<Image, Failure> {
    // SAFETY: the image lives.
    let (width, height) = (unsafe { raw::fp_image_get_width(image.0) }, unsafe { raw::fp_image_get_height(image.0) });
    // SAFETY: the image lives.
    let density = unsafe { raw::fp_image_get_ppmm(image.0) };
    let mut length = 0;
    // SAFETY: the image lives; it tells how many bytes it has.
    let pixels = unsafe { raw::fp_image_get_data(image.0, &mut length) };
    // SAFETY: so many bytes at this place belong to the image, which nobody else uses while `image` is borrowed.
    let gray = unsafe { moved(pixels, length) };
    let mut length = 0;
    // SAFETY: the image lives; without a binarized form it gives null.
    let binarized = unsafe { raw::fp_image_get_binarized(image.0, &mut length) };
    // SAFETY: as above.
    drop(unsafe { moved(binarized, length) });
    let sides = 1..=SIDE_PX_MAX;
    if !sides.contains(&width) || !sides.contains(&height) || gray.len() != width as usize * height as usize {
        return Err(Failure::Device(format!("{width} x {height} pixels in {} bytes", gray.len())));
    }
    let known = density.is_finite() && density > 0.0;
    Ok(Image { width, height, pixels_per_millimeter: known.then_some(density), gray })
}

/// A copy of these bytes, which are zeroed.
///
/// # Safety
/// So many bytes at this place may be read and written, by us alone; or there are none, and it is null.
unsafe fn moved(bytes: *const u8, length: usize) -> Zeroizing<Vec<u8>> {
    if bytes.is_null() || length == 0 {
        return Zeroizing::default();
    }
    // SAFETY: the caller's promise. libfprint made these bytes with g_malloc and calls them constant for its users' sake.
    let bytes = unsafe { std::slice::from_raw_parts_mut(bytes.cast_mut(), length) };
    let copy = Zeroizing::new(bytes.to_vec());
    bytes.zeroize();
    copy
}

fn text(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: not null, and libfprint's texts end with a zero.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// What GLib's error says; it is freed.
fn failure(error: *mut raw::GError) -> Failure {
    if error.is_null() {
        return Failure::Device("no reason given".to_owned());
    }
    // SAFETY: an error that was handed to us, which nobody else knows.
    let raw::GError { domain, code, message } = *unsafe { &*error };
    // SAFETY: quarks are made once and take nothing.
    let (retry, io) = (unsafe { raw::fp_device_retry_quark() }, unsafe { raw::g_io_error_quark() });
    let failure = match code {
        _ if domain == retry => Failure::Retry(match code {
            1 => Retry::TooShort,
            2 => Retry::Center,
            3 => Retry::Lift,
            _ => Retry::General,
        }),
        raw::CANCELLED if domain == io => Failure::Stopped,
        _ => Failure::Device(text(message)),
    };
    // SAFETY: ours, and not used any more.
    unsafe { raw::g_error_free(error) };
    failure
}

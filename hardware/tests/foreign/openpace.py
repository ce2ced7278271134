"""The modules `eac` and `chat` that vsmartcard-vpicc takes PACE from, over OpenPACE's library (Debian's libeac3), whose
Python binding Debian does not build. As much of them as PACE and its secure messaging need."""

import ctypes
import sys
import types
from ctypes import POINTER, c_char_p, c_int, c_size_t, c_ulong, c_void_p


class Buffer(ctypes.Structure):
    """BUF_MEM of OpenSSL."""

    _fields_ = [("length", c_size_t), ("data", c_void_p), ("max", c_size_t), ("flags", c_ulong)]


LIBRARY = ctypes.CDLL("libeac.so.3")
BUFFER = POINTER(Buffer)
# name: (result, arguments)
FUNCTIONS = {
    "BUF_MEM_create_init": (BUFFER, [c_char_p, c_size_t]),
    "BUF_MEM_clear_free": (None, [BUFFER]),
    "EAC_CTX_new": (c_void_p, []),
    "EAC_CTX_init_ef_cardaccess": (c_int, [c_char_p, c_size_t, c_void_p]),
    "EAC_CTX_set_encryption_ctx": (c_int, [c_void_p, c_int]),
    "EAC_increment_ssc": (c_int, [c_void_p]),
    "EAC_encrypt": (BUFFER, [c_void_p, BUFFER]),
    "EAC_decrypt": (BUFFER, [c_void_p, BUFFER]),
    "EAC_authenticate": (BUFFER, [c_void_p, BUFFER]),
    "PACE_SEC_new": (c_void_p, [c_char_p, c_size_t, c_int]),
    "PACE_STEP1_enc_nonce": (BUFFER, [c_void_p, c_void_p]),
    "PACE_STEP3A_generate_mapping_data": (BUFFER, [c_void_p]),
    "PACE_STEP3A_map_generator": (c_int, [c_void_p, BUFFER]),
    "PACE_STEP3B_generate_ephemeral_key": (BUFFER, [c_void_p]),
    "PACE_STEP3B_compute_shared_secret": (c_int, [c_void_p, BUFFER]),
    "PACE_STEP3C_derive_keys": (c_int, [c_void_p]),
    "PACE_STEP3D_compute_authentication_token": (BUFFER, [c_void_p, BUFFER]),
    "PACE_STEP3D_verify_authentication_token": (c_int, [c_void_p, BUFFER]),
}


def function(name):
    call = getattr(LIBRARY, name)
    call.restype, call.argtypes = FUNCTIONS[name]

    def with_bytes(*arguments):
        buffers = []
        for at, (argument, kind) in enumerate(zip(arguments, call.argtypes)):
            if kind is BUFFER:
                buffers.append((at, LIBRARY.BUF_MEM_create_init(argument, len(argument))))
        whole = list(arguments)
        for at, buffer in buffers:
            whole[at] = buffer
        result = call(*whole)
        for _, buffer in buffers:
            LIBRARY.BUF_MEM_clear_free(buffer)
        if call.restype is not BUFFER:
            return result
        if not result:
            return None
        content = ctypes.string_at(result.contents.data, result.contents.length)
        LIBRARY.BUF_MEM_clear_free(result)
        return content

    return with_bytes


def provide(card_access):
    """Makes the modules known. The chip's domain parameters are those of this EF.CardAccess; Chip and Terminal
    Authentication are left out."""
    eac = types.ModuleType("eac")
    for name in FUNCTIONS:
        setattr(eac, name, function(name))
    eac.EAC_init = LIBRARY.EAC_init
    eac.PACE_MRZ, eac.PACE_CAN, eac.PACE_PIN, eac.PACE_PUK = 1, 2, 3, 4
    eac.EAC_ID_PACE, eac.EAC_ID_CA, eac.EAC_ID_TA = 0, 1, 2
    eac.CA_disable_passive_authentication = lambda context: None
    eac.CA_get_pubkey = lambda context, security: b""
    eac.CA_set_key = lambda context, private, public: 1
    eac.EAC_CTX_print_private = lambda context, indent: "(kept secret)"
    eac.print_ossl_err = lambda: print("OpenPACE refused", file=sys.stderr)

    def initialize(_card_security, context):
        if eac.EAC_CTX_init_ef_cardaccess(card_access, len(card_access), context) != 1:
            sys.exit("OpenPACE does not know what EF.CardAccess announces")

    eac.EAC_CTX_init_ef_cardsecurity = initialize

    class Context:
        def __init__(self):
            self.ctx = eac.EAC_CTX_new()

    class Secret:
        def __init__(self, secret, kind):
            self.sec = eac.PACE_SEC_new(secret, len(secret), kind)
            if not self.sec:
                sys.exit("OpenPACE does not take the password")

    chat = types.ModuleType("chat")
    chat.EAC_CTX, chat.PACE_SEC, chat.CHAT, chat.CVC = Context, Secret, None, None
    sys.modules.update(eac=eac, chat=chat)

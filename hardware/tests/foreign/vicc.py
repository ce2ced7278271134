"""A passport of Debian's vsmartcard-vpicc in the virtual reader: its file system, access protocol and secure messaging,
over files that somebody else wrote.

    /usr/bin/python3 vicc.py bac FOLDER      with EF_COM.bin, EF_SOD.bin, DG1.bin, DG2.bin
    /usr/bin/python3 vicc.py pace FOLDER     also EF_CardAccess.bin, mrz.txt and can.txt; PACE is OpenPACE's (libeac3)

`vicc --type ePass` itself has not worked since it was moved to Python 3: text is taken for bytes and bytes for text, and
responses under secure messaging lack their processing status. `vicc --type nPA` lacks OpenPACE's binding, and the
application of travel documents. The remedies below are applied while its modules load.
"""

import importlib.abc
import importlib.util
import pathlib
import sys

# Debian puts the package where its interpreter does not look.
PACKAGES = "/usr/lib/python3/site-packages/virtualsmartcard"

# module: (what stands there, what must stand there)
REMEDIES = {
    "TLVutils": [
        ('        result = result + l\n        result = result + value\n\n    return b"".join(result)',
         "        result = result + l\n        result = result + value\n\n    return result"),
    ],
    "CryptoUtils": [
        # A counter that begins with a zero byte.
        ("inttostring(ssc) + data", "inttostring(ssc, 8) + data"),
        ('        result.append(chr(op(ord(string1[i]), ord(string2[i]))))\n    return "".join(result)',
         "        result.append(op(string1[i], string2[i]))\n    return bytes(result)"),
    ],
    "SEutils": [
        ('return_data = ["", ]', 'return_data = [b"", ]'),
        ('config=""', 'config=b""'),
        ('if config != "":', "if config:"),
        ('data="".join(return_data)', 'data=b"".join(return_data)'),
        # Doc 9303-11, 9.8.4: the processing status is mandatory, and a warning protected like success.
        ('        return_data = ""\n', '        return_data = b""\n'),
        ('        if result != "":', "        if result:"),
        ('encrypted = "\\x01" + encrypted', 'encrypted = b"\\x01" + encrypted'),
        ('        if sw == SW["NORMAL"]:\n            if self.cct.algorithm is None:',
         '        if sw in (SW["NORMAL"], SW["WARN_EOFBEFORENEREAD"]):\n            return_data += pack([(0x99, 2, inttostring(sw))])\n'
         "            if self.cct.algorithm is None:"),
    ],
    "utils": [
        # A single byte of bytes.
        ("def stringtoint(data):\n", "def stringtoint(data):\n    if isinstance(data, int):\n        return data\n"),
    ],
    "cards.ePass": [
        ('walk(mf, "\\x00\\x04\\x01\\x01")', 'walk(mf, b"\\x00\\x04\\x01\\x01")'),
    ],
}


class Remedied(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads the modules that have remedies."""

    def find_spec(self, name, path, target=None):
        package, _, module = name.partition(".")
        if package != "virtualsmartcard" or module not in REMEDIES:
            return None
        file = pathlib.Path(PACKAGES, *name.split(".")).with_suffix(".py")
        return importlib.util.spec_from_file_location(name, file, loader=self)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        source = pathlib.Path(module.__spec__.origin).read_text()
        for fault, remedy in REMEDIES[module.__name__.partition(".")[2]]:
            if source.count(fault) != 1:
                sys.exit(f"another version of virtualsmartcard: {module.__name__} has no single {fault!r}")
            source = source.replace(fault, remedy)
        exec(compile(source, module.__spec__.origin, "exec"), module.__dict__)


def prepare():
    sys.path.insert(0, PACKAGES)
    sys.meta_path.insert(0, Remedied())
    # The old name of the library that Debian calls python3-pycryptodome.
    import Cryptodome.Cipher.AES, Cryptodome.Cipher.ARC4, Cryptodome.Cipher.DES, Cryptodome.Cipher.DES3
    import Cryptodome.Hash.HMAC, Cryptodome.Hash.SHA
    for name in [name for name in sys.modules if name.partition(".")[0] == "Cryptodome"]:
        sys.modules["Crypto" + name[len("Cryptodome"):]] = sys.modules[name]


def files(folder, df):
    from virtualsmartcard.SmartcardFilesystem import TransparentStructureEF

    names = {0x011E: "EF_COM", 0x011D: "EF_SOD", **{0x0100 + group: f"DG{group}" for group in range(1, 17)}}
    for identifier, name in names.items():
        file = pathlib.Path(folder, name).with_suffix(".bin")
        if file.exists():
            df.append(TransparentStructureEF(parent=df, fid=identifier, shortfid=identifier & 0x1F, data=file.read_bytes()))


def application(folder, mf):
    from virtualsmartcard.SmartcardFilesystem import DF

    df = DF(parent=mf, fid=4, dfname=bytes.fromhex("A0000002471001"), bertlv_data=[])
    files(folder, df)
    mf.append(df)


def passport(folder):
    from virtualsmartcard.SmartcardFilesystem import MF
    from virtualsmartcard.cards.ePass import PassportSAM

    mf = MF()
    application(folder, mf)
    return mf, PassportSAM(mf)


def zone_for_openpace(folder):
    """It knows the zones of identity cards only: number, birth and expiry of a passport's put where it looks for them."""
    lower = pathlib.Path(folder, "mrz.txt").read_text().split()[1]
    return f"I<UTO{lower[:10]:<<25}{lower[13:20]}{lower[20]}{lower[21:28]:<<52}".encode()


def identity_card(folder):
    import openpace

    card_access = pathlib.Path(folder, "EF_CardAccess.bin").read_bytes()
    openpace.provide(card_access)
    from virtualsmartcard.ConstantDefinitions import ALGO_MAPPING
    from virtualsmartcard.SmartcardFilesystem import DF, MF, TransparentStructureEF
    from virtualsmartcard.cards.nPA import nPA_SAM

    # Its generator makes a German identity card and fails at the first text. id-PACE and its mappings and suites:
    for mapping in range(1, 5):
        for suite in range(1, 5):
            ALGO_MAPPING[bytes.fromhex("04007F0007020204") + bytes([mapping, suite])] = "PACE"
    mf = MF()
    mf.append(TransparentStructureEF(parent=mf, fid=0x011C, shortfid=0x1C, data=card_access))
    mf.append(TransparentStructureEF(parent=mf, fid=0x011D, shortfid=0x1D, data=b""))
    # It looks for the application of signatures.
    mf.append(DF(parent=mf, fid=5, dfname=bytes.fromhex("A000000167455349474E"), bertlv_data=[]))
    application(folder, mf)
    can = pathlib.Path(folder, "can.txt").read_bytes().strip()
    sam = nPA_SAM(eid_pin=b"", can=can, mrz=zone_for_openpace(folder), puk=b"", qes_pin=b"", mf=mf)
    # Else it would make one and write it into EF.CardSecurity.
    sam.current_SE.ca_key = b"none"
    return mf, sam


def main(protocol, folder):
    prepare()
    from virtualsmartcard.CardGenerator import CardGenerator
    from virtualsmartcard.VirtualSmartcard import VirtualICC

    kind, card = ("ePass", passport(folder)) if protocol == "bac" else ("nPA", identity_card(folder))
    # It would make a card of its own, asking for a zone and a picture.
    CardGenerator.getCard = lambda self: card
    VirtualICC(None, kind, "localhost", 35963, logginglevel="DEBUG" if len(sys.argv) > 3 else "ERROR").run()


main(*sys.argv[1:3])

"""The passport of Debian's vsmartcard-vpicc in the virtual reader: its file system, Basic Access Control and secure
messaging, over files that somebody else wrote.

    /usr/bin/python3 vicc.py FOLDER      with EF_COM.bin, EF_SOD.bin, DG1.bin, DG2.bin

`vicc --type ePass` itself has not worked since it was moved to Python 3: text is taken for bytes and bytes for text, and
responses under secure messaging lack their processing status. The remedies below are applied while its modules load.
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
        ("stringtoint(value[0])", "value[0]"),
        ('data="".join(return_data)', 'data=b"".join(return_data)'),
        # Doc 9303-11, 9.8.4: the processing status is mandatory, and a warning protected like success.
        ('        return_data = ""\n', '        return_data = b""\n'),
        ('        if result != "":', "        if result:"),
        ('encrypted = "\\x01" + encrypted', 'encrypted = b"\\x01" + encrypted'),
        ('        if sw == SW["NORMAL"]:\n            if self.cct.algorithm is None:',
         '        if sw in (SW["NORMAL"], SW["WARN_EOFBEFORENEREAD"]):\n            return_data += pack([(0x99, 2, inttostring(sw))])\n'
         "            if self.cct.algorithm is None:"),
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


def main(folder):
    prepare()
    from virtualsmartcard.CardGenerator import CardGenerator
    from virtualsmartcard.SmartcardFilesystem import DF, MF
    from virtualsmartcard.VirtualSmartcard import VirtualICC
    from virtualsmartcard.cards.ePass import PassportSAM

    mf = MF()
    application = DF(parent=mf, fid=4, dfname=bytes.fromhex("A0000002471001"), bertlv_data=[])
    files(folder, application)
    mf.append(application)
    card = mf, PassportSAM(mf)
    # It would ask for a zone and a picture.
    CardGenerator.getCard = lambda self: card
    VirtualICC(None, "ePass", "localhost", 35963, logginglevel="DEBUG" if len(sys.argv) > 2 else "ERROR").run()


main(sys.argv[1])

//! The tables of Doc 9303-3, 6. Where the standard recommends several, the first; small letters are those of the
//! capital.

use super::Language;

/// Table A. Ș and Ț with a comma below are beside Ş and Ţ, which Romanian texts write for them.
#[rustfmt::skip]
pub(super) const LATIN: &[(char, &str)] = &[
    ('À', "A"), ('Á', "A"), ('Â', "A"), ('Ã', "A"), ('Ä', "AE"), ('Å', "AA"), ('Æ', "AE"), ('Ç', "C"), ('È', "E"),
    ('É', "E"), ('Ê', "E"), ('Ë', "E"), ('Ì', "I"), ('Í', "I"), ('Î', "I"), ('Ï', "I"), ('Ð', "D"), ('Ñ', "N"),
    ('Ò', "O"), ('Ó', "O"), ('Ô', "O"), ('Õ', "O"), ('Ö', "OE"), ('Ø', "OE"), ('Ù', "U"), ('Ú', "U"), ('Û', "U"),
    ('Ü', "UE"), ('Ý', "Y"), ('Þ', "TH"), ('Ā', "A"), ('Ă', "A"), ('Ą', "A"), ('Ć', "C"), ('Ĉ', "C"), ('Ċ', "C"),
    ('Č', "C"), ('Ď', "D"), ('Đ', "D"), ('Ē', "E"), ('Ĕ', "E"), ('Ė', "E"), ('Ę', "E"), ('Ě', "E"), ('Ĝ', "G"),
    ('Ğ', "G"), ('Ġ', "G"), ('Ģ', "G"), ('Ĥ', "H"), ('Ħ', "H"), ('Ĩ', "I"), ('Ī', "I"), ('Ĭ', "I"), ('Į', "I"),
    ('İ', "I"), ('ı', "I"), ('Ĳ', "IJ"), ('Ĵ', "J"), ('Ķ', "K"), ('Ĺ', "L"), ('Ļ', "L"), ('Ľ', "L"), ('Ŀ', "L"),
    ('Ł', "L"), ('Ń', "N"), ('Ņ', "N"), ('Ň', "N"), ('Ŋ', "N"), ('Ō', "O"), ('Ŏ', "O"), ('Ő', "O"), ('Œ', "OE"),
    ('Ŕ', "R"), ('Ŗ', "R"), ('Ř', "R"), ('Ś', "S"), ('Ŝ', "S"), ('Ş', "S"), ('Š', "S"), ('Ţ', "T"), ('Ť', "T"),
    ('Ŧ', "T"), ('Ũ', "U"), ('Ū', "U"), ('Ŭ', "U"), ('Ů', "U"), ('Ű', "U"), ('Ų', "U"), ('Ŵ', "W"), ('Ŷ', "Y"),
    ('Ÿ', "Y"), ('Ź', "Z"), ('Ż', "Z"), ('Ž', "Z"), ('Ș', "S"), ('Ț', "T"), ('ẞ', "SS"),
];

/// Table B. Ѓ and Ћ, which the table shows at the neighbors Ғ and Һ, are at their own places too; a soft sign is not
/// written.
#[rustfmt::skip]
pub(super) const CYRILLIC: &[(char, &str)] = &[
    ('Ё', "E"), ('Ђ', "D"), ('Ѓ', "G"), ('Є', "IE"), ('Ѕ', "DZ"), ('І', "I"), ('Ї', "I"), ('Ј', "J"), ('Љ', "LJ"),
    ('Њ', "NJ"), ('Ћ', "C"), ('Ќ', "K"), ('Ў', "U"), ('Џ', "DZ"), ('А', "A"), ('Б', "B"), ('В', "V"), ('Г', "G"),
    ('Д', "D"), ('Е', "E"), ('Ж', "ZH"), ('З', "Z"), ('И', "I"), ('Й', "I"), ('К', "K"), ('Л', "L"), ('М', "M"),
    ('Н', "N"), ('О', "O"), ('П', "P"), ('Р', "R"), ('С', "S"), ('Т', "T"), ('У', "U"), ('Ф', "F"), ('Х', "KH"),
    ('Ц', "TS"), ('Ч', "CH"), ('Ш', "SH"), ('Щ', "SHCH"), ('Ъ', "IE"), ('Ы', "Y"), ('Ь', ""), ('Э', "E"), ('Ю', "IU"),
    ('Я', "IA"), ('Ѫ', "U"), ('Ѵ', "Y"), ('Ґ', "G"), ('Ғ', "G"), ('Һ', "C"),
];

/// Where table B makes an exception of a language.
#[rustfmt::skip]
pub(super) const CYRILLIC_BY_LANGUAGE: &[(Language, char, &str)] = &[
    (Language::Belarusian, 'Ё', "IO"), (Language::Belarusian, 'Г', "H"),
    (Language::Bulgarian, 'Щ', "SHT"),
    (Language::Macedonian, 'Ѓ', "GJ"), (Language::Macedonian, 'Ғ', "GJ"), (Language::Macedonian, 'Ќ', "KJ"),
    (Language::Macedonian, 'Џ', "DJ"), (Language::Macedonian, 'Х', "H"), (Language::Macedonian, 'Ц', "C"),
    (Language::Serbian, 'Г', "H"), (Language::Serbian, 'Ж', "Z"), (Language::Serbian, 'Х', "H"),
    (Language::Serbian, 'Ц', "C"), (Language::Serbian, 'Ч', "C"), (Language::Serbian, 'Ш', "S"),
    (Language::Ukrainian, 'Г', "H"), (Language::Ukrainian, 'И', "Y"),
];

/// At the beginning of a Ukrainian name component.
#[rustfmt::skip]
pub(super) const CYRILLIC_UKRAINIAN_FIRST: &[(char, &str)] = &[
    ('Є', "YE"), ('Ї', "YI"), ('Й', "Y"), ('Ю', "YU"), ('Я', "YA"),
];

/// Table C and appendix B.5.4. What is not encoded is empty; teh marbuta and shadda depend on their neighbors.
#[rustfmt::skip]
pub(super) const ARABIC: &[(char, &str)] = &[
    ('\u{621}', "XE"), ('\u{622}', "XAA"), ('\u{623}', "XAE"), ('\u{624}', "U"), ('\u{625}', "I"), ('\u{626}', "XI"),
    ('\u{627}', "A"), ('\u{628}', "B"), ('\u{62A}', "T"), ('\u{62B}', "XTH"), ('\u{62C}', "J"), ('\u{62D}', "XH"),
    ('\u{62E}', "XKH"), ('\u{62F}', "D"), ('\u{630}', "XDH"), ('\u{631}', "R"), ('\u{632}', "Z"), ('\u{633}', "S"),
    ('\u{634}', "XSH"), ('\u{635}', "XSS"), ('\u{636}', "XDZ"), ('\u{637}', "XTT"), ('\u{638}', "XZZ"),
    ('\u{639}', "E"), ('\u{63A}', "G"), ('\u{640}', ""), ('\u{641}', "F"), ('\u{642}', "Q"), ('\u{643}', "K"),
    ('\u{644}', "L"), ('\u{645}', "M"), ('\u{646}', "N"), ('\u{647}', "H"), ('\u{648}', "W"), ('\u{649}', "XAY"),
    ('\u{64A}', "Y"), ('\u{64B}', ""), ('\u{64C}', ""), ('\u{64D}', ""), ('\u{64E}', ""), ('\u{64F}', ""),
    ('\u{650}', ""), ('\u{652}', ""), ('\u{670}', ""), ('\u{671}', "XXA"), ('\u{679}', "XXT"), ('\u{67C}', "XRT"),
    ('\u{67E}', "P"), ('\u{681}', "XKE"), ('\u{685}', "XXH"), ('\u{686}', "XC"), ('\u{688}', "XXD"),
    ('\u{689}', "XDR"), ('\u{691}', "XXR"), ('\u{693}', "XRR"), ('\u{696}', "XRX"), ('\u{698}', "XJ"),
    ('\u{69A}', "XXS"), ('\u{69C}', ""), ('\u{6A2}', ""), ('\u{6A4}', "V"), ('\u{6A5}', "XF"), ('\u{6A7}', ""),
    ('\u{6A8}', ""), ('\u{6A9}', "XKK"), ('\u{6AB}', "XXK"), ('\u{6AD}', "XNG"), ('\u{6AF}', "XGG"),
    ('\u{6BA}', "XNN"), ('\u{6BC}', "XXN"), ('\u{6BE}', "XDO"), ('\u{6C0}', "XYH"), ('\u{6C1}', "XXG"),
    ('\u{6C2}', "XGE"), ('\u{6C3}', "XTG"), ('\u{6CC}', "XYA"), ('\u{6CD}', "XXY"), ('\u{6D0}', "Y"),
    ('\u{6D2}', "XYB"), ('\u{6D3}', "XBE"),
];

//! Issuers in the machine readable zone (three letters, Doc 9303-3, 5) against countries in certificates (two letters).

/// ISO 3166-1: alpha-3 and alpha-2 of each country in one word.
const COUNTRIES: &str = "\
    ABWAW AFGAF AGOAO AIAAI ALAAX ALBAL ANDAD AREAE ARGAR ARMAM ASMAS ATAAQ ATFTF ATGAG AUSAU AUTAT \
    AZEAZ BDIBI BELBE BENBJ BESBQ BFABF BGDBD BGRBG BHRBH BHSBS BIHBA BLMBL BLRBY BLZBZ BMUBM BOLBO \
    BRABR BRBBB BRNBN BTNBT BVTBV BWABW CAFCF CANCA CCKCC CHECH CHLCL CHNCN CIVCI CMRCM CODCD COGCG \
    COKCK COLCO COMKM CPVCV CRICR CUBCU CUWCW CXRCX CYMKY CYPCY CZECZ DEUDE DJIDJ DMADM DNKDK DOMDO \
    DZADZ ECUEC EGYEG ERIER ESHEH ESPES ESTEE ETHET FINFI FJIFJ FLKFK FRAFR FROFO FSMFM GABGA GBRGB \
    GEOGE GGYGG GHAGH GIBGI GINGN GLPGP GMBGM GNBGW GNQGQ GRCGR GRDGD GRLGL GTMGT GUFGF GUMGU GUYGY \
    HKGHK HMDHM HNDHN HRVHR HTIHT HUNHU IDNID IMNIM INDIN IOTIO IRLIE IRNIR IRQIQ ISLIS ISRIL ITAIT \
    JAMJM JEYJE JORJO JPNJP KAZKZ KENKE KGZKG KHMKH KIRKI KNAKN KORKR KWTKW LAOLA LBNLB LBRLR LBYLY \
    LCALC LIELI LKALK LSOLS LTULT LUXLU LVALV MACMO MAFMF MARMA MCOMC MDAMD MDGMG MDVMV MEXMX MHLMH \
    MKDMK MLIML MLTMT MMRMM MNEME MNGMN MNPMP MOZMZ MRTMR MSRMS MTQMQ MUSMU MWIMW MYSMY MYTYT NAMNA \
    NCLNC NERNE NFKNF NGANG NICNI NIUNU NLDNL NORNO NPLNP NRUNR NZLNZ OMNOM PAKPK PANPA PCNPN PERPE \
    PHLPH PLWPW PNGPG POLPL PRIPR PRKKP PRTPT PRYPY PSEPS PYFPF QATQA REURE ROURO RUSRU RWARW SAUSA \
    SDNSD SENSN SGPSG SGSGS SHNSH SJMSJ SLBSB SLESL SLVSV SMRSM SOMSO SPMPM SRBRS SSDSS STPST SURSR \
    SVKSK SVNSI SWESE SWZSZ SXMSX SYCSC SYRSY TCATC TCDTD TGOTG THATH TJKTJ TKLTK TKMTM TLSTL TONTO \
    TTOTT TUNTN TURTR TUVTV TWNTW TZATZ UGAUG UKRUA UMIUM URYUY USAUS UZBUZ VATVA VCTVC VENVE VGBVG \
    VIRVI VNMVN VUTVU WLFWF WSMWS YEMYE ZAFZA ZMBZM ZWEZW";

/// Codes of the zone that are none of ISO 3166-1, or whose documents another country signs (Doc 9303-3, 5, parts B to
/// D): with the countries that their signers may name.
const SPECIAL: [(&str, &[&str]); 29] = [
    // Germany writes one letter.
    ("D", &["DE"]),
    // Kinds of British nationals.
    ("GBD", &["GB"]),
    ("GBN", &["GB"]),
    ("GBO", &["GB"]),
    ("GBP", &["GB"]),
    ("GBS", &["GB"]),
    // China's special administrative regions issue under CHN, and sign under CN or their own codes.
    ("CHN", &["CN", "HK", "MO"]),
    // Kosovo; the directory has it as KS, others as XK.
    ("RKS", &["KS", "XK"]),
    ("XKX", &["KS", "XK"]),
    ("EUE", &["EU"]),
    // United Nations, its agencies and its mission in Kosovo; the directory has them as UN, and had ZZ.
    ("UNO", &["UN", "ZZ"]),
    ("UNA", &["UN", "ZZ"]),
    ("UNK", &["UN", "ZZ"]),
    // The specimen country Utopia.
    ("UTO", &["UT"]),
    // International organizations: three of them have two letters that readers agree on, the others none, so that
    // their signers can only name the three letters.
    ("XOM", &["XO"]),
    ("XPO", &["XP"]),
    ("XCC", &["XC"]),
    ("XBA", &[]),
    ("XIM", &[]),
    ("XCE", &[]),
    ("XCO", &[]),
    ("XEC", &[]),
    ("XES", &[]),
    ("XMP", &[]),
    ("XDC", &[]),
    // Codes that countries had before.
    ("ROM", &["RO"]),
    ("TMP", &["TL"]),
    ("ZAR", &["CD"]),
    ("YUG", &["RS", "ME"]),
];

/// Whether a signer of this country (C=) may sign documents of this issuer. Case does not count: Albania, Romania,
/// Slovenia and the United Kingdom have written it small. Some sign under the three letters themselves.
pub(super) fn signs_for(country: &str, issuer: &str) -> bool {
    let country = country.trim().to_uppercase();
    let issuer = issuer.trim_end_matches('<').trim().to_uppercase();
    if country.is_empty() || issuer.is_empty() {
        return false;
    }
    if let Some((_, countries)) = SPECIAL.iter().find(|(code, _)| *code == issuer) {
        return countries.contains(&country.as_str()) || country == issuer;
    }
    let known = COUNTRIES.split(' ').filter_map(|word| word.split_at_checked(3)).find(|(code, _)| *code == issuer);
    known.map_or(country == issuer, |(code, short)| country == short || country == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issuers_and_countries_belong_together() {
        for (country, issuer) in [
            ("DE", "D"),
            ("DE", "D<<"),
            ("gb", "GBR"),
            ("GB", "GBD"),
            ("GB", "GBN"),
            ("CN", "CHN"),
            ("HK", "CHN"),
            ("KS", "RKS"),
            ("UN", "UNO"),
            ("EU", "EUE"),
            ("UT", "UTO"),
            ("si", "SVN"),
            ("ID", "IDN"),
            ("XO", "XOM"),
            ("XOM", "XOM"),
            ("FRA", "FRA"),
            // Nobody knows it yet, and it is one.
            ("XNT", "XNT"),
        ] {
            assert!(signs_for(country, issuer), "{country} {issuer}");
        }
        for (country, issuer) in
            [("DE", "DNK"), ("FR", "D"), ("", ""), ("", "D"), ("DE", ""), ("US", "GBR"), ("XX", "XXX"), ("ZZ", "ZZZ")]
        {
            assert!(!signs_for(country, issuer), "{country} {issuer}");
        }
    }

    #[test]
    fn the_table_has_every_country_once() {
        let words: std::collections::BTreeSet<&str> = COUNTRIES.split(' ').collect();
        assert_eq!((words.len(), COUNTRIES.split(' ').count()), (249, 249));
        assert!(words.iter().all(|word| word.len() == 5));
    }
}

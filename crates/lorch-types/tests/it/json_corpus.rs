//! The strict reader against JSONTestSuite, and canonical JSON against the vectors of RFC 8785.

use lorch_types::json::{self, Limits};

use crate::corpus;

/// What lorch makes of the texts that RFC 8259 leaves open: all of them are refused, with this code.
const IMPLEMENTATION_DEFINED: &[(&str, &str)] = &[
    ("i_number_double_huge_neg_exp", "L0005"),
    ("i_number_huge_exp", "L0005"),
    ("i_number_neg_int_huge_exp", "L0005"),
    ("i_number_pos_double_huge_exp", "L0005"),
    ("i_number_real_neg_overflow", "L0005"),
    ("i_number_real_pos_overflow", "L0005"),
    ("i_number_real_underflow", "L0005"),
    ("i_number_too_big_neg_int", "L0005"),
    ("i_number_too_big_pos_int", "L0005"),
    ("i_number_very_big_negative_int", "L0005"),
    ("i_object_key_lone_2nd_surrogate", "L0006"),
    ("i_string_1st_surrogate_but_2nd_missing", "L0006"),
    ("i_string_1st_valid_surrogate_2nd_invalid", "L0006"),
    ("i_string_UTF-16LE_with_BOM", "L0001"),
    ("i_string_UTF-8_invalid_sequence", "L0001"),
    ("i_string_UTF8_surrogate_U+D800", "L0001"),
    ("i_string_incomplete_surrogate_and_escape_valid", "L0006"),
    ("i_string_incomplete_surrogate_pair", "L0006"),
    ("i_string_incomplete_surrogates_escape_valid", "L0006"),
    ("i_string_invalid_lonely_surrogate", "L0006"),
    ("i_string_invalid_surrogate", "L0006"),
    ("i_string_invalid_utf-8", "L0001"),
    ("i_string_inverted_surrogates_U+1D11E", "L0006"),
    ("i_string_iso_latin_1", "L0001"),
    ("i_string_lone_second_surrogate", "L0006"),
    ("i_string_lone_utf8_continuation_byte", "L0001"),
    ("i_string_not_in_unicode_range", "L0001"),
    ("i_string_overlong_sequence_2_bytes", "L0001"),
    ("i_string_overlong_sequence_6_bytes", "L0001"),
    ("i_string_overlong_sequence_6_bytes_null", "L0001"),
    ("i_string_truncated-utf-8", "L0001"),
    ("i_string_utf16BE_no_BOM", "L0001"),
    ("i_string_utf16LE_no_BOM", "L0001"),
    ("i_structure_500_nested_arrays", "L0004"),
    ("i_structure_UTF-8_BOM_empty_object", "L0001"),
];

/// The code of the error that reading `text` gives, or `read`.
fn answer(text: &[u8]) -> String {
    match json::read(text, Limits::default()) {
        Ok(_) => "read".to_owned(),
        Err(error) => error.code().to_string(),
    }
}

#[test]
fn json_parsing_is_read_and_refused_as_the_corpus_says() {
    let Some(folder) = corpus::folder("json-parsing") else { return };
    let mut open = Vec::new();
    let mut closed = 0;
    for path in corpus::entries(&folder) {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let answer = answer(&std::fs::read(&path).unwrap());
        match name.split_at(2).0 {
            "y_" if name.starts_with("y_object_duplicated_key") => {
                assert_eq!(answer, "L0003", "{name}");
            }
            "y_" => assert_eq!(answer, "read", "{name}"),
            "n_" => assert_ne!(answer, "read", "{name}"),
            _ => {
                open.push((name.to_owned(), answer));
                continue;
            }
        }
        closed += 1;
    }
    let pinned: Vec<(String, String)> = IMPLEMENTATION_DEFINED
        .iter()
        .map(|(name, answer)| ((*name).to_owned(), (*answer).to_owned()))
        .collect();
    assert_eq!(open, pinned);
    assert_eq!(closed, 283);
}

#[test]
fn canonical_json_has_the_bytes_of_the_jcs_vectors() {
    let Some(folder) = corpus::folder("jcs") else { return };
    let inputs = corpus::entries(&folder.join("input"));
    assert_eq!(inputs.len(), 6);
    for input in inputs {
        let value = json::read(&std::fs::read(&input).unwrap(), Limits::default()).unwrap();
        let output = folder.join("output").join(input.file_name().unwrap());
        let expected = std::fs::read_to_string(output).unwrap();
        assert_eq!(json::canonical(&value), expected, "{}", input.display());
    }
}

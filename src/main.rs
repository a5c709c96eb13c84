//! x
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let m = cognito_conformance::catalogue::import::botocore::read(a[1].as_ref(), &a[2]).unwrap();
    cognito_conformance::catalogue::import::write(&m, "specs".as_ref()).unwrap();
}

use super::*;

const PHONE: &str = "/users/1/keys/phone";

fn devices(list: &Value) -> Vec<&str> {
    let list = list.as_array().unwrap().iter();
    list.map(|one| one["device"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn keys_are_put_read_by_everybody_and_taken_back() {
    let house = house().await;
    let [alice, bob, _] = three(&house).await;
    assert_eq!(bob.get("/users/1/keys").await, json!([]));
    let put = alice.done("PUT", PHONE, json!({"key": "QUJD"}), 200).await;
    let put = put.json();
    assert_eq!(keys(&put), ["createdAt", "device", "key"]);
    assert!(is_time(&put["createdAt"], 3));
    assert_eq!([&put["device"], &put["key"]], ["phone", "QUJD"]);
    let other = "/users/1/keys/a%2Fb%20".replace("%20", "~");
    let second = alice.done("PUT", &other, json!({"key": "QQ=="}), 200).await;
    assert_eq!(second.json()["device"], "a/b~");
    assert_eq!(bob.get("/users/1/keys").await, json!([second.json(), put]));
    // The same again is the same; another one takes its place.
    let again = alice.done("PUT", PHONE, json!({"key": "QUJD"}), 200).await;
    assert_eq!(again.json(), put);
    alice.done("PUT", PHONE, json!({"key": "REVG"}), 200).await;
    let all = bob.get("/users/1/keys").await;
    assert_eq!(devices(&all), ["a/b~", "phone"]);
    assert_eq!(all[1]["key"], "REVG");
    alice.done("DELETE", PHONE, json!(null), 204).await;
    let lost = "Key not found";
    alice.refused("DELETE", PHONE, json!(null), 404, lost).await;
    let long = format!("/users/1/keys/{}", "d".repeat(65));
    alice.refused("DELETE", &long, json!(null), 404, lost).await;
    assert_eq!(devices(&bob.get("/users/1/keys").await), ["a/b~"]);
    assert_eq!(bob.get("/users/2/keys").await, json!([]));
}

#[tokio::test]
async fn only_i_give_out_my_keys_and_they_go_with_me() {
    let house = house().await;
    let [alice, bob, _] = three(&house).await;
    let key = json!({"key": "QUJD"});
    for method in ["PUT", "DELETE"] {
        bob.refused(method, PHONE, key.clone(), 403, "Not you")
            .await;
        let nobody = "/users/9/keys/phone";
        bob.refused(method, nobody, key.clone(), 404, "User not found")
            .await;
    }
    bob.refused("GET", "/users/9/keys", json!(null), 404, "User not found")
        .await;
    alice.done("PUT", PHONE, key, 200).await;
    alice.done("DELETE", "/users/1", json!(null), 204).await;
    bob.refused("GET", "/users/1/keys", json!(null), 404, "User not found")
        .await;
}

#[tokio::test]
async fn what_is_no_key_or_no_device_is_refused() {
    let house = house().await;
    let [alice, ..] = three(&house).await;
    for (key, status, words) in [
        (json!(null), 400, "key can't be blank"),
        (json!(""), 400, "key can't be blank"),
        (json!(1), 400, "key is invalid"),
        (json!("QUJ"), 400, "key is invalid"),
        (json!("-_-_"), 400, "key is invalid"),
        (
            json!("A".repeat(4_100)),
            422,
            "key is too long (maximum is 4096 characters)",
        ),
    ] {
        alice
            .refused("PUT", PHONE, json!({"key": key}), status, words)
            .await;
    }
    let key = json!({"key": "A".repeat(4_096)});
    for (device, status) in [
        ("d".repeat(64), 200),
        ("d".repeat(65), 422),
        ("a%20b".to_owned(), 400),
        ("%C3%A9".to_owned(), 400),
        ("%FF".to_owned(), 404),
    ] {
        let path = format!("/users/1/keys/{device}");
        let answer = alice.ask("PUT", &path, key.clone()).await;
        assert_eq!(answer.status, status, "{device}: {}", answer.text());
    }
}

#[tokio::test]
async fn at_most_twenty_devices_have_keys() {
    let house = house().await;
    let [alice, bob, _] = three(&house).await;
    let key = json!({"key": "QUJD"});
    for n in 1..=20 {
        let path = format!("/users/1/keys/{n}");
        alice.done("PUT", &path, key.clone(), 200).await;
    }
    let words = "Too many devices have keys";
    alice.refused("PUT", PHONE, key.clone(), 409, words).await;
    alice
        .done("PUT", "/users/1/keys/7", json!({"key": "REVG"}), 200)
        .await;
    alice
        .done("DELETE", "/users/1/keys/8", json!(null), 204)
        .await;
    alice.done("PUT", PHONE, key.clone(), 200).await;
    bob.done("PUT", "/users/2/keys/phone", key, 200).await;
    assert_eq!(devices(&alice.get("/users/1/keys").await).len(), 20);
}

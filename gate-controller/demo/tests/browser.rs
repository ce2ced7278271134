//! The whole demonstration in a real browser: gate, turnstile and enrollment service as processes, and their pages
//! used by hand as administrator, traveler and officer use them.
//!
//! Screenshots lie in `target/screenshots/demo-*.png`.
#![allow(clippy::unwrap_used)]

#[path = "../../tests/chromium/mod.rs"]
mod chromium;
mod support;

use std::path::PathBuf;

use fantoccini::{Client, Locator};
use sallyport_demo::{
    documents::{self, name, scene},
    world::World,
};
use sallyport_wording::LANGUAGES;
use serde_json::{Value, json};

use chromium::{Driver, click, shown, type_in, until};
use support::{assets, world};

/// The simulation page's two frames.
const TRAVELER: u16 = 0;
const OFFICER: u16 = 1;
/// Height of the browser's own bars.
const BARS_PX: u32 = 143;

#[tokio::test]
async fn a_day_at_the_gate_by_hand() {
    let Some(driver) = Driver::start() else { return };
    let Some((_folder, mut world)) = world(|settings| settings.referral_ms = 600_000) else { return };
    world.start_turnstile().unwrap();
    world.start_service().unwrap();
    world.start_gate().unwrap();
    world.gate_pages().await_connected().unwrap();
    let profile = tempfile::tempdir().unwrap();
    let client = driver.browser(profile.path(), false).await;
    client.set_window_size(1440, 900 + BARS_PX).await.unwrap();

    let hands = Hands { client, screens: world.screens(), admin: world.web_admin() };
    hands.enroll(&world.admin_password).await;
    hands.open_gate(&world.officer_password).await;
    hands.in_every_language().await;
    hands.genuine_traveler().await;
    hands.impostor().await;
    hands.cross(name::CARD, scene::TRAVELER).await;
    hands.shoot("card").await;
    hands.service_stopped(&mut world).await;
    hands.suspended(&mut world).await;
    hands.consent_withdrawn().await;
    hands.unplugged().await;
    hands.client.close().await.unwrap();
    world.stop_gate().unwrap();
    world.stop_service().unwrap();
}

/// Somebody at the keyboard.
struct Hands {
    client: Client,
    screens: String,
    admin: String,
}

impl Hands {
    /// Pictures of the window as it is, wide.
    async fn shoot(&self, name: &str) {
        chromium::shoot(&self.client, &format!("demo-{name}")).await;
    }

    /// Waits until a script says true in this frame of the simulation page.
    async fn until_in(&self, frame: u16, what: &str, script: &str, arguments: Vec<Value>) {
        self.client.clone().enter_frame(frame).await.unwrap();
        until(&self.client, what, script, arguments).await;
        self.client.clone().enter_parent_frame().await.unwrap();
    }

    /// Waits until the traveler is told this.
    async fn told(&self, instruction: &str) {
        let script = "return document.body.dataset.instruction === arguments[0]";
        self.until_in(TRAVELER, instruction, script, vec![json!(instruction)]).await;
    }

    /// Waits until the officer station shows this text.
    async fn officer_sees(&self, text: &str) {
        let script = "return document.querySelector('main').innerText.includes(arguments[0])";
        self.until_in(OFFICER, text, script, vec![json!(text)]).await;
    }

    async fn officer_clicks(&self, css: &str) {
        self.client.clone().enter_frame(OFFICER).await.unwrap();
        let scroll = "document.querySelector(arguments[0]).scrollIntoView({ block: 'center' })";
        self.client.execute(scroll, vec![json!(css)]).await.unwrap();
        click(&self.client, css).await;
        self.client.clone().enter_parent_frame().await.unwrap();
    }

    async fn turnstile(&self, order: &str) {
        click(&self.client, &format!("[data-order='{order}']")).await;
    }

    async fn lay_down(&self, document: &str, scene: &str) {
        for (list, value) in [("#document", document), ("#scene", scene)] {
            let list = self.client.find(Locator::Css(list)).await.unwrap();
            list.select_by_value(value).await.unwrap();
        }
        click(&self.client, "#present").await;
    }

    async fn take_away(&self) {
        click(&self.client, "#remove").await;
        self.told("present-document").await;
    }

    /// A whole crossing that is accepted.
    async fn cross(&self, document: &str, scene: &str) {
        self.lay_down(document, scene).await;
        self.told("go-through").await;
        self.take_away().await;
    }

    async fn log_in_to_admin(&self, password: &str) {
        self.client.goto(&self.admin).await.unwrap();
        type_in(&self.client, "[name=name]", "admin").await;
        type_in(&self.client, "[name=password]", password).await;
        click(&self.client, "#log-in").await;
    }

    /// Enrolls through the form, with a real photograph.
    async fn enroll(&self, password: &str) {
        let client = &self.client;
        self.log_in_to_admin(password).await;
        shown(client, "Nobody is enrolled yet").await;
        click(client, "#new").await;
        type_in(client, "[name=name]", "Amina Traveler").await;
        type_in(client, "[name=card]", documents::CARD).await;
        let photograph: PathBuf = std::fs::canonicalize(assets().unwrap().join("faces/obama.jpg")).unwrap();
        type_in(client, "[name=photograph]", photograph.to_str().unwrap()).await;
        click(client, "#consent-face").await;
        self.shoot("enroll").await;
        click(client, "#enroll").await;
        shown(client, "Enrolled. No picture was kept.").await;
        self.shoot("enrolled").await;
    }

    /// Opens the page for crossings by hand, and logs the officer in within its frame.
    async fn open_gate(&self, password: &str) {
        let client = &self.client;
        client.goto(&format!("{}/simulation/page", self.screens)).await.unwrap();
        let ready = "return document.querySelectorAll('#document option').length > 5";
        until(client, "the lists", ready, vec![]).await;
        self.told("present-document").await;
        let form = "return document.querySelector('#log-in')?.textContent.length > 0";
        self.until_in(OFFICER, "the login", form, vec![]).await;
        self.shoot("simulation-login").await;
        client.clone().enter_frame(OFFICER).await.unwrap();
        type_in(client, "[name=name]", "officer").await;
        type_in(client, "[name=password]", password).await;
        click(client, "#log-in").await;
        until(client, "the gate", "return document.querySelectorAll('.gate').length === 1", vec![]).await;
        client.clone().enter_parent_frame().await.unwrap();
        self.officer_sees("Nothing needs attention").await;
    }

    async fn in_every_language(&self) {
        for (language, _) in LANGUAGES {
            let list = self.client.find(Locator::Css("#language")).await.unwrap();
            list.select_by_value(language).await.unwrap();
            let set = "return document.documentElement.lang === arguments[0]";
            until(&self.client, language, set, vec![json!(language)]).await;
            self.until_in(OFFICER, "the officer station follows", set, vec![json!(language)]).await;
            let cut = self.client.execute(CUT_OFF, vec![]).await.unwrap();
            self.shoot(&format!("simulation-{language}")).await;
            assert_eq!(cut, json!([]), "{language}");
        }
        self.client.find(Locator::Css("#language")).await.unwrap().select_by_value("en").await.unwrap();
        self.officer_sees("Nothing needs attention").await;
    }

    async fn genuine_traveler(&self) {
        self.turnstile("nobody").await;
        self.lay_down(name::GENUINE, scene::TRAVELER).await;
        self.told("walk-in").await;
        self.shoot("walk-in").await;
        self.officer_sees("Entry door: open").await;
        self.turnstile("walk entry").await;
        self.told("look-at-camera").await;
        self.shoot("look-at-camera").await;
        self.told("go-through").await;
        self.shoot("go-through").await;
        self.officer_sees("Exit door: open").await;
        self.turnstile("walk exit").await;
        self.turnstile("people").await;
        self.take_away().await;
    }

    async fn impostor(&self) {
        for (choice, reason, outcome) in [("refuse", 4, "Refused by officer"), ("accept", 1, "Accepted by officer")] {
            self.lay_down(name::GENUINE, scene::STRANGER).await;
            let loaded = "return ['reference', 'probe'].every((id) => document.getElementById(id).naturalWidth > 0)";
            self.until_in(OFFICER, "both pictures", loaded, vec![]).await;
            self.told("wait").await;
            self.client.clone().enter_frame(OFFICER).await.unwrap();
            let below = "const number = (id) => parseFloat(document.getElementById(id).textContent); \
                return number('score') < number('threshold') && document.querySelector('#bar').classList.contains('below')";
            until(&self.client, "a score below the threshold", below, vec![]).await;
            let reasons = "return [...document.querySelectorAll('#referral-reasons li')].every((item) => \
                item.querySelector('b').innerText.length > 10 && item.querySelector('p').innerText.length > 10)";
            until(&self.client, "reason and remedy in words", reasons, vec![]).await;
            shown(&self.client, "FACE_SCORE_BELOW_THRESHOLD").await;
            until(&self.client, "pictures and answers in sight", IN_SIGHT, vec![]).await;
            self.client.clone().enter_parent_frame().await.unwrap();
            self.shoot(&format!("impostor-{choice}")).await;
            if choice == "accept" {
                self.officer_in_a_window_of_its_own().await;
            }
            self.officer_clicks(&format!("#quick button:nth-child({reason})")).await;
            self.officer_clicks(&format!("#{choice}")).await;
            self.officer_sees(outcome).await;
            self.shoot(&format!("impostor-{choice}-done")).await;
            self.take_away().await;
        }
    }

    async fn officer_in_a_window_of_its_own(&self) {
        let client = &self.client;
        let simulation = client.window().await.unwrap();
        let station = client.new_window(true).await.unwrap().handle;
        client.switch_to_window(station).await.unwrap();
        client.goto(&format!("{}/officer", self.screens)).await.unwrap();
        for (width, height) in [(1440, 900), (1024, 768)] {
            client.set_window_size(width, height + BARS_PX).await.unwrap();
            let loaded = "return document.querySelector('#probe')?.naturalWidth > 0";
            until(client, "the live picture", loaded, vec![]).await;
            self.shoot(&format!("officer-{width}")).await;
            until(client, "pictures and answers in sight", IN_SIGHT, vec![]).await;
        }
        client.goto(&format!("{}/traveler", self.screens)).await.unwrap();
        until(client, "wait", "return document.body.dataset.instruction === 'wait'", vec![]).await;
        self.shoot("traveler-1024").await;
        client.goto(&format!("{}/simulation/page", self.screens)).await.unwrap();
        self.told("wait").await;
        self.shoot("simulation-1024").await;
        client.close_window().await.unwrap();
        client.switch_to_window(simulation).await.unwrap();
        client.set_window_size(1440, 900 + BARS_PX).await.unwrap();
    }

    async fn service_stopped(&self, world: &mut World) {
        world.stop_service().unwrap();
        self.officer_sees("offline").await;
        self.officer_sees("The enrollment service cannot be reached").await;
        self.cross(name::CARD, scene::TRAVELER).await;
        self.officer_sees("Records to send: 1").await;
        self.shoot("offline").await;
        world.start_service().unwrap();
        self.officer_sees("connected").await;
        self.officer_sees("Records to send: 0").await;
    }

    /// The administrator suspends the traveler, whose card is then referred.
    async fn suspended(&self, world: &mut World) {
        let client = &self.client;
        let gate = client.window().await.unwrap();
        let admin = client.new_window(true).await.unwrap().handle;
        client.switch_to_window(admin).await.unwrap();
        // A service that was started again has forgotten all sessions.
        self.log_in_to_admin(&world.admin_password).await;
        shown(client, "Amina Traveler").await;
        for page in ["crossings", "gates"] {
            client.goto(&format!("{}/{page}", self.admin)).await.unwrap();
            shown(client, "gate-1").await;
            let reached = "return !document.body.innerText.includes('CENTRE_UNREACHABLE')";
            until(client, "a service that knows it is reached", reached, vec![]).await;
            self.shoot(&format!("admin-{page}")).await;
        }
        client.goto(&format!("{}/crossings", self.admin)).await.unwrap();
        let listed = "return document.querySelectorAll('[data-crossing]').length === 5 \
            && ['Accepted', 'Refused by officer', 'Accepted by officer'].every((text) => document.body.innerText.includes(text))";
        until(client, "five crossings", listed, vec![]).await;
        client.goto(&self.admin).await.unwrap();
        client.find(Locator::LinkText("Amina Traveler")).await.unwrap().click().await.unwrap();
        because(client, "lost-card").await;
        click(client, "#suspend").await;
        shown(client, "Suspended. Gates refer this card").await;
        self.shoot("admin-suspended").await;
        client.close_window().await.unwrap();
        client.switch_to_window(gate).await.unwrap();
        self.refer("ENROLLMENT_SUSPENDED", "suspended").await;
    }

    /// The traveler withdraws the consent, and the card of somebody whose codes are destroyed is referred.
    async fn consent_withdrawn(&self) {
        let client = &self.client;
        let gate = client.window().await.unwrap();
        let admin = client.new_window(true).await.unwrap().handle;
        client.switch_to_window(admin).await.unwrap();
        client.goto(&self.admin).await.unwrap();
        client.find(Locator::LinkText("Amina Traveler")).await.unwrap().click().await.unwrap();
        because(client, "settled").await;
        click(client, "#resume").await;
        shown(client, "Resumed.").await;
        click(client, "#withdraw-face-trusted-traveler").await;
        click(client, "#confirm").await;
        shown(client, "The consent is withdrawn and its codes are destroyed.").await;
        client.close_window().await.unwrap();
        client.switch_to_window(gate).await.unwrap();
        self.refer("CONSENT_ENDED", "consent-ended").await;
    }

    /// The card is referred for this reason, and refused.
    async fn refer(&self, reason: &str, picture: &str) {
        // The gate asks for changes every second: until it has heard of it, the card passes, or is referred as before.
        loop {
            self.lay_down(name::CARD, scene::TRAVELER).await;
            let ended = "return ['wait', 'go-through'].includes(document.body.dataset.instruction)";
            self.until_in(TRAVELER, "referred or through", ended, vec![]).await;
            let referred = self.officer_has("return !document.querySelector('#referral').hidden", vec![]).await;
            let told = "return document.querySelector('main').innerText.includes(arguments[0])";
            let as_wanted = self.officer_has(told, vec![json!(reason)]).await;
            if referred {
                self.shoot(picture).await;
                self.officer_clicks("#quick button:nth-child(5)").await;
                self.officer_clicks("#refuse").await;
            }
            self.take_away().await;
            if referred && as_wanted {
                return;
            }
        }
    }

    async fn officer_has(&self, script: &str, arguments: Vec<Value>) -> bool {
        self.client.clone().enter_frame(OFFICER).await.unwrap();
        let has = self.client.execute(script, arguments).await.unwrap() == json!(true);
        self.client.clone().enter_parent_frame().await.unwrap();
        has
    }

    async fn unplugged(&self) {
        self.turnstile("unplug").await;
        self.told("out-of-service").await;
        self.officer_sees("The line to the turnstile is lost").await;
        self.officer_sees("Out of service").await;
        self.officer_sees("Check the turnstile’s cable and power").await;
        self.shoot("unplugged").await;
        self.turnstile("plug").await;
        self.told("present-document").await;
    }
}

/// An officer who decides sees both faces and both answers, without scrolling.
const IN_SIGHT: &str = r##"
    return ["#reference", "#probe", "#accept", "#refuse"].every((css) => {
        const box = document.querySelector(css)?.getBoundingClientRect();
        return box && box.height > 20 && box.top >= 0 && box.bottom <= innerHeight;
    });
"##;

/// Texts of the simulation page that do not fit where they stand.
const CUT_OFF: &str = r#"
    const box = document.querySelector(".controls");
    const cut = [...box.querySelectorAll("button, select, p, legend, h1")].filter((element) =>
        element.getClientRects().length && element.scrollWidth > element.clientWidth + 2);
    if (box.scrollHeight > box.clientHeight + 1) cut.push(box);
    return cut.map((element) => `${element.className} ${element.textContent}`.slice(0, 80));
"#;

/// Chooses the reason that staff state.
async fn because(client: &Client, why: &str) {
    let reason = client.find(Locator::Css("select[name=why]")).await.unwrap();
    reason.select_by_value(why).await.unwrap();
}

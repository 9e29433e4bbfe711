use super::*;

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

fn id(number: usize) -> PrincipalId {
    format!("p{number:03}").parse().expect("an id")
}

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn joined(news: Option<&News<()>>) -> Vec<PrincipalId> {
    news.into_iter().flat_map(|news| &news.joined).map(|(who, ())| who.clone()).collect()
}

fn left(news: Option<&News<()>>) -> Vec<PrincipalId> {
    news.into_iter().flat_map(|news| &news.left).cloned().collect()
}

#[test]
fn who_is_back_within_the_grace_never_left() {
    let mut here = Presence::default();
    here.arrive(&id(1), ());
    assert_eq!(here.due(), Some(s(0)), "the first is told at once");
    assert_eq!(joined(here.tick(s(0)).as_ref()), [id(1)]);
    assert_eq!(here.due(), None, "nothing is pending");
    here.depart(&id(1), s(10));
    assert_eq!((here.due(), here.online()), (Some(s(15)), 1));
    here.arrive(&id(1), ());
    assert_eq!(here.due(), None);
    here.depart(&id(1), s(14));
    assert_eq!(here.tick(ms(18_999)), None);
    assert_eq!(here.online(), 1);
    let news = here.tick(s(19));
    assert_eq!((left(news.as_ref()), news.map(|news| news.online)), (vec![id(1)], Some(0)));
    assert_eq!((here.due(), here.online()), (None, 0));
}

#[test]
fn somebody_with_two_devices_is_one_and_leaves_with_the_last() {
    let mut here = Presence::default();
    here.arrive(&id(1), "from the phone");
    here.arrive(&id(1), "from the laptop");
    let news = here.tick(s(0)).expect("news");
    assert_eq!((news.online, news.joined), (1, vec![(id(1), "from the laptop")]));
    here.depart(&id(1), s(1));
    assert_eq!(here.due(), None, "the other device is here");
    here.depart(&id(1), s(2));
    assert_eq!(here.due(), Some(s(7)));
    // One too many, and somebody who never was: nothing happens.
    here.depart(&id(1), s(3));
    here.depart(&id(2), s(3));
    assert_eq!(here.due(), Some(s(7)));
}

#[test]
fn there_is_one_piece_of_news_a_second_and_it_holds_all() {
    let mut here = Presence::default();
    here.arrive(&id(0), ());
    assert!(here.tick(s(0)).is_some());
    for number in 1..100 {
        here.arrive(&id(number), ());
        assert_eq!(here.due(), Some(s(1)));
        assert_eq!(here.tick(ms(10 * number as u64)), None);
    }
    let news = here.tick(s(1)).expect("news");
    assert_eq!((news.rev, news.online, news.joined.len()), (2, 100, 99));
}

#[test]
fn above_two_hundred_only_the_number_is_told() {
    let mut here = Presence::default();
    (0..PEOPLE).for_each(|number| here.arrive(&id(number), ()));
    let news = here.tick(s(0)).expect("news");
    assert_eq!((news.online, news.joined.len()), (200, 200));
    assert_eq!(here.roster(None, 500).people.map(|(page, _)| page.len()), Some(200));

    here.arrive(&id(900), ());
    let news = here.tick(s(1)).expect("news");
    assert_eq!((news.online, &news.joined[..], &news.left[..]), (201, &[][..], &[][..]));
    assert_eq!(here.roster(None, 500), Roster { rev: 2, online: 201, people: None });
    // One goes and another comes within a pause: the number is the same, but not to whoever asked between.
    here.depart(&id(3), s(2));
    here.arrive(&id(901), ());
    assert_eq!(here.tick(ms(6_500)).map(|news| news.online), Some(202));
    here.arrive(&id(902), ());
    assert_eq!((here.tick(s(7)), here.online(), here.due()), (None, 202, Some(ms(7_500))));
    assert_eq!(here.tick(ms(7_500)).map(|news| news.online), Some(202));

    // Back at two hundred: the number, and whoever wants names asks.
    here.depart(&id(4), s(8));
    here.depart(&id(6), s(8));
    let news = here.tick(s(13)).expect("news");
    assert_eq!((news.online, &news.joined[..], &news.left[..]), (200, &[][..], &[][..]));
    assert!(here.roster(None, 500).people.is_some());
    here.depart(&id(5), s(14));
    assert_eq!(left(here.tick(s(19)).as_ref()), [id(5)]);
}

#[test]
fn a_crowd_is_told_more_rarely() {
    let mut here = Presence::default();
    for number in 0..3_000 {
        here.arrive(&format!("p{number}").parse().expect("an id"), ());
    }
    assert!(here.tick(s(0)).is_some());
    here.arrive(&id(1), ());
    here.arrive(&"late".parse().expect("an id"), ());
    assert_eq!(here.due(), Some(s(3)));
}

#[test]
fn a_storm_of_ten_thousand_costs_a_few_ticks() {
    /// As the shell does: it sleeps until what was due, and is woken only for what is due sooner.
    #[derive(Default)]
    struct Shell {
        here: Presence<()>,
        waits: Option<Duration>,
        ticks: u64,
        told: u64,
    }
    impl Shell {
        fn wake(&mut self, now: Duration) {
            let sooner = |due: Duration, waits: Option<Duration>| waits.is_none_or(|at| due < at);
            if self.here.due().is_some_and(|due| sooner(due, self.waits) || due <= now) {
                self.ticks += 1;
                self.told += u64::from(self.here.tick(now).is_some());
                self.waits = self.here.due();
            }
        }
    }
    let mut shell = Shell::default();
    let who = |number: u64| format!("p{number}").parse::<PrincipalId>().expect("an id");
    for number in 0..10_000 {
        shell.here.arrive(&who(number), ());
        // All within two seconds.
        shell.wake(Duration::from_micros(200 * number));
    }
    assert!(shell.ticks <= 4, "{} ticks for ten thousand arrivals", shell.ticks);
    for number in 0..10_000 {
        shell.here.depart(&who(number), s(20));
    }
    shell.wake(s(25));
    shell.wake(s(40));
    assert_eq!((shell.here.online(), shell.here.due()), (0, None));
    assert!(shell.ticks <= 8 && shell.told <= 6, "{} ticks, {} told", shell.ticks, shell.told);
}

#[test]
fn the_roster_comes_by_pages() {
    let mut here = Presence::default();
    (0..5).for_each(|number| here.arrive(&id(number), number));
    let page = |after: Option<usize>, limit| {
        let roster = here.roster(after.map(id).as_ref(), limit);
        let (page, more) = roster.people.expect("few enough");
        (page.into_iter().map(|(_, number)| number).collect::<Vec<_>>(), more)
    };
    assert_eq!(page(None, 2), (vec![0, 1], true));
    assert_eq!(page(Some(1), 3), (vec![2, 3, 4], false));
    assert_eq!(page(Some(4), 3), (vec![], false));
}

/// What happens to a room.
#[derive(Clone, Debug)]
enum Step {
    /// These people open a connection each.
    Arrive(usize, usize),
    /// These close one, if they have one.
    Depart(usize, usize),
    Wait(u64),
    /// A signal is lost on its way to the client.
    Lose,
    /// The client asks who is here.
    Ask,
}

fn step() -> impl Strategy<Value = Step> {
    let people = || (0..260_usize, prop_oneof![3 => 1..4_usize, 1 => 1..260_usize]);
    prop_oneof![
        4 => people().prop_map(|(first, many)| Step::Arrive(first, many)),
        4 => people().prop_map(|(first, many)| Step::Depart(first, many)),
        4 => prop_oneof![0..50_u64, 900..1_100_u64, 4_000..7_000_u64].prop_map(Step::Wait),
        1 => Just(Step::Lose),
        1 => Just(Step::Ask),
    ]
}

/// A client that does what SPEC.md says.
#[derive(Default)]
struct Client {
    rev: u64,
    online: u64,
    /// Who is here, as far as it knows.
    people: Option<BTreeSet<PrincipalId>>,
    lose: bool,
}

impl Client {
    fn hear(&mut self, news: &News<()>, here: &Presence<()>) {
        if std::mem::take(&mut self.lose) || news.rev <= self.rev {
            return;
        }
        let next = news.rev == self.rev + 1;
        (self.rev, self.online) = (news.rev, news.online);
        let numbers_only = news.joined.is_empty() && news.left.is_empty();
        match &mut self.people {
            Some(people) if next && !numbers_only => {
                people.extend(news.joined.iter().map(|(who, ())| who.clone()));
                people.retain(|who| !news.left.contains(who));
                assert_eq!(people.len() as u64, news.online, "a piece of news is whole");
            }
            _ => self.ask(here),
        }
    }

    fn ask(&mut self, here: &Presence<()>) {
        let roster = here.roster(None, PEOPLE);
        (self.rev, self.online) = (roster.rev, roster.online);
        self.people = roster.people.map(|(page, more)| {
            assert!(!more, "the names fit one page");
            page.into_iter().map(|(who, ())| who).collect()
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 256,
        // Where those of the other tests lie.
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
            "tests/proptest-regressions/presence.txt",
        ))),
        ..ProptestConfig::default()
    })]

    /// Against a model that knows everybody's connections: the number is right at every moment, news
    /// keeps its pause, a client that follows the rules ends with the same people, and what is
    /// pending ends by itself.
    #[test]
    fn a_client_that_follows_the_rules_knows_who_is_here(
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        let mut here = Presence::default();
        let mut client = Client::default();
        client.ask(&here);
        let mut connections = BTreeMap::<PrincipalId, u32>::new();
        let mut gone = BTreeMap::<PrincipalId, Duration>::new();
        let (mut now, mut told_at) = (Duration::ZERO, None::<Duration>);
        let settle = [Step::Wait(20_000)];
        for step in steps.iter().chain(&settle) {
            match *step {
                Step::Arrive(first, many) => for number in first..(first + many).min(260) {
                    *connections.entry(id(number)).or_default() += 1;
                    gone.remove(&id(number));
                    here.arrive(&id(number), ());
                },
                Step::Depart(first, many) => for number in first..(first + many).min(260) {
                    let who = id(number);
                    let Some(count) = connections.get_mut(&who) else { continue };
                    *count -= 1;
                    here.depart(&who, now);
                    if *count == 0 {
                        connections.remove(&who);
                        gone.insert(who, now + GRACE);
                    }
                },
                Step::Lose => client.lose = true,
                Step::Ask => client.ask(&here),
                Step::Wait(wait) => {
                    let until = now + ms(wait);
                    while let Some(due) = here.due().filter(|due| *due <= until) {
                        now = now.max(due);
                        if let Some(news) = here.tick(now) {
                            prop_assert!(told_at.is_none_or(|at| now >= at + PAUSE));
                            told_at = Some(now);
                            prop_assert!(news.joined.len() + news.left.len() <= 2 * PEOPLE);
                            client.hear(&news, &here);
                        }
                        gone.retain(|_, at| *at > now);
                        prop_assert!(here.due().is_none_or(|due| due > now), "a tick does all");
                    }
                    now = until;
                    gone.retain(|_, at| *at > now);
                }
            }
            let present: BTreeSet<_> = connections.keys().chain(gone.keys()).cloned().collect();
            prop_assert_eq!(here.online(), present.len() as u64);
            if here.due().is_none() && !client.lose {
                let lost = client.rev != here.rev;
                prop_assert!(lost || client.online == here.online());
                if let Some(people) = client.people.as_ref().filter(|_| !lost) {
                    prop_assert_eq!(people, &present);
                }
            }
        }
        prop_assert_eq!(here.due(), None, "what is pending ends by itself");
        client.ask(&here);
        let present: BTreeSet<_> = connections.keys().cloned().collect();
        prop_assert_eq!(client.people, (present.len() <= PEOPLE).then_some(present));
    }
}

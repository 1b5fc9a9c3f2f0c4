"""The plan of a simulation comes from its seed alone."""

from datetime import timedelta

from apps.ops import rules

SIZE = rules.Size(days=14, creators=5, fans=40, seed=7)


def acts(size: rules.Size) -> list[rules.Act]:
    return [
        act for day in range(size.days) for tick in rules.acts_of_day(size, day) for act in tick
    ]


class TestActsOfDay:
    def test_the_same_seed_plans_the_same_and_another_seed_another(self) -> None:
        other = rules.Size(days=14, creators=5, fans=40, seed=8)

        assert acts(SIZE) == acts(SIZE)
        assert acts(SIZE) != acts(other)

    def test_loses_no_act_between_two_ticks(self) -> None:
        planned = acts(SIZE)

        assert len(planned) == 14 * 6
        assert [act.number for act in planned] == list(range(14 * 6))
        assert [act.at for act in planned] == sorted(act.at for act in planned)
        assert planned[-1].at < timedelta(days=14)

    def test_fans_tip_creators_of_their_own_brand(self) -> None:
        assert all(
            rules.brand_of(act.fan, SIZE) == rules.brand_of(act.creator, SIZE)
            for act in acts(SIZE)
        )


class TestPaydaysOfDay:
    def test_every_creator_asks_on_each_seventh_day(self) -> None:
        asked = [len(rules.paydays_of_day(SIZE, day)) for day in range(14)]

        assert asked == [0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 5]

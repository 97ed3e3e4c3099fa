from penstock import test, transformer


@transformer
def delays_by_carrier(flights, *args, **kwargs):
    """Flights, cancellations and delays of each carrier that flew often enough."""
    carriers = flights.groupby(["carrier", "airline"], as_index=False).agg(
        flights=("carrier", "size"),
        cancelled=("cancelled", "sum"),
        mean_dep_delay=("dep_delay", "mean"),
        median_dep_delay=("dep_delay", "median"),
        mean_arr_delay=("arr_delay", "mean"),
    )
    carriers = carriers[carriers["flights"] >= kwargs["minimum_flights"]]
    return carriers.sort_values("mean_dep_delay", ascending=False, ignore_index=True)


@test
def carriers_are_unique(carriers, *args):
    assert carriers["carrier"].is_unique


@test
def every_carrier_flew_often_enough(carriers, *args, **kwargs):
    assert (carriers["flights"] >= kwargs["minimum_flights"]).all()


@test
def delays_are_plausible(carriers, *args):
    assert carriers["mean_dep_delay"].between(-30, 120).all()

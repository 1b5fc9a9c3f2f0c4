"""The database test runs start with: migrated once, copied by each, never shared."""

import psycopg

from devstack.template import start_from_template
from devstack.throwaway import throwaway_servers


def ask(servers, statement):
    with psycopg.connect(host=str(servers.directory), user="fanz", dbname="of_this_run") as link:
        return link.execute(statement).fetchone()


def start(servers):
    start_from_template(servers, name="of_this_run")


class TestTheTemplate:
    def test_a_run_finds_it_migrated_under_its_own_name_and_spoils_it_for_no_other(self):
        with throwaway_servers(start=start) as one:
            [migrations] = ask(one, "SELECT count(*) FROM django_migrations")
            [brands] = ask(one, "SELECT count(*) FROM clusters_cluster")
            ask(one, "DELETE FROM clusters_domain RETURNING 1")

        with throwaway_servers(start=start) as other:
            [hosts] = ask(other, "SELECT count(*) FROM clusters_domain")

        assert migrations > 80
        assert brands == 9
        assert hosts > 0

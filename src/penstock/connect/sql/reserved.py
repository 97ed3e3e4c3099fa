"""Words that mean something in SQL; an export puts an underscore before a column of such a name, unless told not to.

The keywords of the SQL standard and of PostgreSQL that projects made with Mage find renamed in their tables.
"""

from __future__ import annotations

RESERVED = frozenset(
    """
a abort abs absolute access action ada add admin after aggregate alias all allocate also alter always analyse
analyze and any are array as asc asensitive assertion assignment asymmetric at atomic attribute attributes
authorization avg backward before begin bernoulli between bigint binary bit bit_length blob boolean both breadth
by c cache call called cardinality cascade cascaded case cast catalog catalog_name ceil ceiling chain char
char_length character character_length character_set_catalog character_set_name character_set_schema
characteristics characters check checkpoint class class_origin clob close cluster coalesce cobol collate
collation collation_catalog collation_name collation_schema collect column column_name columns command_function
command_function_code comment commit committed condition condition_number connect connection connection_name
constraint constraint_catalog constraint_name constraint_schema constraints constructor contains continue
conversion convert copy corr corresponding count covar_pop covar_samp create cross csv cube cume_dist current
current_date current_default_transform_group current_path current_role current_time current_timestamp
current_transform_group_for_type current_user cursor cursor_name cycle data database date datetime_interval_code
datetime_interval_precision day deallocate dec decimal declare default defaults deferrable deferred defined
definer degree delete delimiter delimiters dense_rank depth deref derived desc describe descriptor deterministic
diagnostics dictionary disable disconnect dispatch distinct do domain double drop dynamic dynamic_function
dynamic_function_code each element else enable encoding encrypted end enum equals escape every except exception
exclude excluding exclusive exec execute exists exp explain external extract false fetch file filter final first
float floor following for force foreign fortran forward found free freeze from full function fusion g general
generated get global go goto grant granted greatest group grouping handler having header hierarchy hold host
hosts hour identity if ignore ilike immediate immutable implementation implicit in include including increment
index indicator inherit inherits initially inner inout input insensitive insert instance instantiable instead
int integer intersect intersection interval into invoker is isnull isolation join k key key_member key_type
language large last lateral leading least left length level like limit listen ln load local localtime
localtimestamp location locator lock logs lower m map match matched max maxvalue member merge message_length
message_octet_length message_text method min minute minvalue mod mode modifies module month more move multiset
mumps name names national natural nchar nclob nesting new next no none normalize normalized not nothing notify
notnull nowait null nullable nullif nulls number numeric object octet_length octets of off offset oids old on
only open operator option options or order ordering ordinality others out outer output over overlaps overlay
overriding owner pad parameter parameter_mode parameter_name parameter_ordinal_position
parameter_specific_catalog parameter_specific_name parameter_specific_schema partial partition pascal password
path percent percent_rank percentile_cont percentile_disc placing pli position power preceding precision prepare
prepared preserve primary prior privileges procedural procedure public quote range rank read reads real recheck
recursive ref references referencing regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx
regr_sxy regr_syy reindex relative release rename repeatable replace reset restart restore restrict result
return returned_cardinality returned_length returned_octet_length returned_sqlstate returns revoke right role
rollback rollup routine routine_catalog routine_name routine_schema row row_count row_number rows rule savepoint
scale schema schema_name schemas scope scope_catalog scope_name scope_schema scroll search second section
security select self sensitive sequence serializable server_name session session_user set setof sets share show
similar simple size smallint some source space specific specific_name specifictype sql sqlcode sqlerror
sqlexception sqlstate sqlwarning sqrt stable start state statement static statistics status stddev_pop
stddev_samp stdin stdout storage strict structure style subclass_origin submultiset substring sum symmetric
sysid system system_user table table_name tables tablesample tablespace temp template temporary text then ties
time timestamp timezone_hour timezone_minute to top_level_count trailing transaction transaction_active
transactions_committed transactions_rolled_back transform transforms translate translation treat trigger
trigger_catalog trigger_name trigger_schema trim true truncate trusted type uescape unbounded uncommitted under
unencrypted union unique unknown unlisten unnamed unnest until update upper usage use user
user_defined_type_catalog user_defined_type_code user_defined_type_name user_defined_type_schema using vacuum
valid validate validator value values var_pop var_samp varbinary varchar variable varying verbose view volatile
when whenever where width_bucket window with within without work write year zone
""".split()  # noqa: SIM905 - hundreds of words in quotes are no more readable
)
"""Lower-case words."""

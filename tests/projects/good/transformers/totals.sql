SELECT sum(x) AS total FROM {{ df_1 }}

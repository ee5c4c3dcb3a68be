-- Films to learn from (store/labelled_films.py): the command line's alone.

-- Return a page of the films that a physician or an import labelled, oldest first.
CREATE FUNCTION api.films_labelled(p_after bigint, p_limit bigint) RETURNS SETOF api.list_row
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY SELECT * FROM rules.list_rows(ARRAY(
        SELECT c.film FROM card c
        WHERE c.position > p_after AND EXISTS (
            SELECT 1 FROM label l
            WHERE l.film = c.film AND l.source IN ('physician', 'imported'))
        ORDER BY c.position LIMIT p_limit));
END $$;

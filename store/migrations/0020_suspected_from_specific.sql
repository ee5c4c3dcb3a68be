-- A model says where *suspected* starts, which need not be Youden's point, and which findings its
-- card calls unreliable: those are never suspected. Thresholds of models that are here stay.

-- migrate:up
SET LOCAL ROLE rad_owner;
SET LOCAL search_path = rad, ext;

ALTER TABLE model RENAME COLUMN alert TO suspected;
ALTER TABLE model RENAME COLUMN sensitive TO borderline;
ALTER TABLE model ADD COLUMN unreliable boolean[];
UPDATE model SET unreliable = ARRAY(
    SELECT coalesce(manifest #>> ARRAY['card', 'reliability', name] = 'unreliable', false)
    FROM unnest(ARRAY[
        'No Finding', 'Enlarged Cardiomediastinum', 'Cardiomegaly', 'Lung Opacity',
        'Lung Lesion', 'Edema', 'Consolidation', 'Pneumonia', 'Atelectasis', 'Pneumothorax',
        'Pleural Effusion', 'Pleural Other', 'Fracture', 'Support Devices'
    ]) WITH ORDINALITY AS finding(name, k) ORDER BY k);
ALTER TABLE model ALTER COLUMN unreliable SET NOT NULL,
    ADD CHECK (cardinality(unreliable) = 14);
COMMENT ON TABLE model IS
    'A registered model version; suspected and borderline are the scores at which each begins';
COMMENT ON COLUMN model.unreliable IS 'Per finding: its card says so; it is then never suspected';
COMMENT ON COLUMN card.states IS
    'Per finding: 0 not assessed, 1 not suspected, 2 borderline, 3 suspected, 4 unreliable';

UPDATE card SET
    updated_at = clock_timestamp(),
    states = ARRAY(
        SELECT CASE WHEN doubt AND state <> 0 THEN 4 ELSE state END
        FROM unnest(card.states, model.unreliable) WITH ORDINALITY AS t(state, doubt, k)
        ORDER BY k)::smallint[],
    -- Of an unreliable finding only what was labelled is left.
    present = ARRAY(
        SELECT CASE WHEN NOT doubt OR state = 0 THEN was
            ELSE EXISTS (
                SELECT FROM label l
                WHERE l.film = card.film AND l.value = 1 AND l.source <> 'synthetic'
                    AND l.finding = (ARRAY[
                        'No Finding', 'Enlarged Cardiomediastinum', 'Cardiomegaly',
                        'Lung Opacity', 'Lung Lesion', 'Edema', 'Consolidation', 'Pneumonia',
                        'Atelectasis', 'Pneumothorax', 'Pleural Effusion', 'Pleural Other',
                        'Fracture', 'Support Devices'])[k])
            END
        FROM unnest(card.states, model.unreliable, card.present) WITH ORDINALITY
            AS t(state, doubt, was, k)
        ORDER BY k)
FROM model
WHERE model.version = card.model AND true = ANY (model.unreliable);

RESET ROLE;

-- migrate:down
ALTER TABLE rad.model DROP COLUMN unreliable;
ALTER TABLE rad.model RENAME COLUMN borderline TO sensitive;
ALTER TABLE rad.model RENAME COLUMN suspected TO alert;

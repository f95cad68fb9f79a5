-- Several assets are acted on at the same time: `acting` holds all of them, as a JSON array.
UPDATE plan_runs SET acting = json_array(acting) WHERE acting IS NOT NULL;

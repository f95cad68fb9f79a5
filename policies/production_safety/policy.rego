# What a plan for production must say and must not do.
#
# Most of it is checked by the built-in rules as well, which cannot be switched off; this is what an
# organization may want to tighten: copy the folder under another name, and name that in the task.
package production_safety

default allow := false

allow if count(deny) == 0

is_production if input.environment == "production"

phases := object.get(input.plan.payload, "phases", [])

affected := count(input.plan.payload.affected_assets)

deny contains "a plan for production says what can go wrong: `risk_assessment` is missing" if {
	is_production
	trim_space(object.get(input.plan.payload, "risk_assessment", "")) == ""
}

deny contains "a plan for production says how long it takes: `estimated_duration` is missing" if {
	is_production
	not input.plan.payload.estimated_duration
}

deny contains reason if {
	is_production
	affected > 1
	some phase in phases
	held := count(phase.assets)
	held * 2 > affected
	reason := sprintf("phase %v concerns %v of %v assets: never more than half", [phase.name, held, affected])
}

deny contains reason if {
	is_production
	some phase in phases
	count(object.get(phase, "health_checks", [])) == 0
	reason := sprintf("nobody looks at phase %v: it has no health check", [phase.name])
}

deny contains "nothing happens in production without a person: `hitl_required` is false" if {
	is_production
	not input.task.task_spec.hitl_required
}

deny contains "nothing is carried out in production without an approval" if {
	is_production
	input.entry == "execute"
	count(input.approvals) == 0
}

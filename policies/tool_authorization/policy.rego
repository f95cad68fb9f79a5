# Which tools a plan may use.
package tool_authorization

default allow := false

allow if count(deny) == 0

reports := {"compliance_report", "incident_analysis", "security_report"}

changing := {"state_change_nonprod", "state_change_prod"}

used contains action.tool if {
	some phase in object.get(input.plan.payload, "phases", [])
	some action in object.get(phase, "actions", [])
}

required contains tool if some tool in input.task.task_spec.tools_required

deny contains reason if {
	some tool in used
	not input.tools[tool]
	reason := sprintf("there is no tool %v", [tool])
}

deny contains reason if {
	some tool in used - required
	reason := sprintf("the task does not name the tool %v", [tool])
}

deny contains reason if {
	input.plan.type in reports
	some tool in used
	input.tools[tool].risk in changing
	reason := sprintf("a report changes nothing, and %v does", [tool])
}

deny contains reason if {
	input.environment == "production"
	some tool in used
	input.tools[tool].risk == "state_change_nonprod"
	reason := sprintf("%v is not meant for production", [tool])
}

deny contains reason if {
	input.environment == "production"
	some tool in used
	input.tools[tool].risk in changing
	not input.tools[tool].inverse
	reason := sprintf("nothing undoes what %v does to production", [tool])
}

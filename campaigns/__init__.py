"""When: audiences, journeys, messages, placements, experiments, surveys, contests, community, calendar."""

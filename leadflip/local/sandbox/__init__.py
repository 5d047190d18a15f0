"""The sandbox partner: a lead buyer to try Leadflip with, who takes webhooks and emails and shows what came."""

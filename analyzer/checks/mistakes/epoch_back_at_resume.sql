/*
title: An epoch that starts over at a resume
cause: bad_resume
strength: strong
severity: warning
explains: [learning_rate_schedule]
reads:
  resumes: [epoch_before, epoch_after]
params: {}
finds: An epoch number after a resume that is lower than the last one before it.
matters: Schedules, curricula and the shuffling seed that go by the epoch start over; the data of the first epochs are seen again.
do: Save the epoch with the checkpoint and start the loop with the one after it.
ignore: A loop that counts the epochs of each job from 0 on purpose.
*/
select
    'epoch' as subject,
    step,
    step as last_step,
    epoch_after as value,
    epoch_before as threshold,
    format('the epoch is {} before the resume at step {} and {} after it', epoch_before, step, epoch_after) as message
from resumes
where epoch_after < epoch_before
order by step
